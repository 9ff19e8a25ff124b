/** Every op of the table against everything that must hold for an op. */
import { describe, expect, it } from 'vitest';
import * as ops from '../../src/ops/index.ts';
import { cases, linearOps, neverScalar, type OpName } from './cases.ts';
import * as check from './checks.ts';
import type { Spec } from './samples.ts';

const names = Object.keys(ops) as OpName[];
const table: Readonly<Record<OpName, check.AnOp>> = ops;
const opOf = (name: OpName): check.AnOp => table[name];
const differentiable = names.filter((name) => opOf(name).differentiable);
const fused = names.filter((name) => {
  const rows = opOf(name).fused;
  return typeof rows === 'function' || rows.some((row) => row !== null);
});

const variantsOf = (name: OpName): check.Variant[] => cases[name].flatMap(check.variants);
const each = (name: OpName, run: (op: check.AnOp, variant: check.Variant) => void): void => {
  for (const variant of variantsOf(name)) run(opOf(name), variant);
};

describe.each(names)('%s', (name) => {
  it('is tried on empty inputs, and on 0-d ones unless it needs a dim', () => {
    const shapes = variantsOf(name).map(({ inputs }) => inputs.flat().map((spec: Spec) => spec.shape));
    const empty = shapes.some((all) => all.some((shape) => shape.includes(0)));
    const scalar = shapes.some((all) => all.every((shape) => shape.length === 0));
    const cure = 'elementwise(…) makes such cases by itself; to fixed(…) ones add some, or name the op in neverScalar';
    expect(empty, `test/ops/cases.ts has no case of ${name} with a size of 0: ${cure}`).toBe(true);
    expect(scalar, `test/ops/cases.ts, ${name} on 0-d inputs: ${cure}`).toBe(!neverScalar.has(name));
  });

  it('gives the same for every layout in memory, and writes over no input', () => {
    each(name, check.checkLayouts);
  });

  it('keeps float32, and agrees with itself on float64', () => {
    const result = ({ options }: check.Variant): 'float32' | 'float64' =>
      name === 'cast' && options[0] === 'float64' ? 'float64' : 'float32';
    each(name, (op, variant) => check.checkDtype(op, variant, result(variant)));
  });

  it('gives no history through inputs that have no rule', () => {
    each(name, check.checkNoHistory);
    expect(opOf(name).differentiable).toBe(opOf(name).vjp.some((rule) => rule !== null));
  });
});

describe.each(differentiable)('%s', (name) => {
  it('has the first and second derivatives of finite differences', () => {
    each(name, check.checkGradients);
  });

  it(`reads what it says, all of it and nothing else: ${opOf(name).reads}`, () => {
    const seen = variantsOf(name).map((variant) => check.checkReads(opOf(name), variant));
    expect(seen).toContain(opOf(name).reads);
  });
});

describe.each(fused)('%s', (name) => {
  it('has fused rows that give what its rules give', () => {
    each(name, check.checkFused);
  });
});

describe.each(linearOps)('%s', (name) => {
  it('is linear, and its rules are its adjoint', () => {
    each(name, check.checkLinear);
  });
});
