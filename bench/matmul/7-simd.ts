/**
 * Step 7: four columns at once. A vector register holds four neighbours of a row of B; one element of A, repeated in
 * all four lanes, multiplies them in one instruction. The loops are those of step 6.
 */
import {
  f32,
  f32x4,
  i32,
  v128,
  whileLoop,
  type Code,
  type Func,
  type Local,
} from '../../src/kernels/wasm/assembler.ts';
import { copied } from './workbench.ts';

const FLOAT = 4; // bytes
const LANES = 4;
const VECTOR = LANES * FLOAT;

const bytes = (x: Local): Code => i32.mul(x.get, i32.const(FLOAT));
const advance = (x: Local, by: Code): Code => x.set(i32.add(x.get, by));
const below = (x: Local, end: Local, body: Code): Code => whileLoop(i32.lt_u(x.get, end.get), body);

/** multiply(a, b, c, m, n, k) over row-major matrices at these addresses; n is a multiple of LANES. */
const multiply: Func = {
  name: 'multiply',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([a, b, c, m, n, k], variable) {
    const [aEnd, cEnd, rowEnd, q, r] = Array.from({ length: 5 }, () => variable('i32'));
    const x = variable('v128');
    return [
      ...cEnd.set(i32.add(c.get, i32.mul(m.get, bytes(n)))),
      ...below(c, cEnd, [
        ...rowEnd.set(i32.add(c.get, bytes(n))),
        ...r.set(c.get),
        ...below(r, rowEnd, [...v128.store(0, r.get, f32x4.splat(f32.const(0))), ...advance(r, i32.const(VECTOR))]),
        ...q.set(b.get),
        ...aEnd.set(i32.add(a.get, bytes(k))),
        ...below(a, aEnd, [
          ...x.set(v128.load32_splat(0, a.get)),
          ...r.set(c.get),
          ...below(r, rowEnd, [
            ...v128.store(0, r.get, f32x4.add(v128.load(0, r.get), f32x4.mul(x.get, v128.load(0, q.get)))),
            ...advance(r, i32.const(VECTOR)),
            ...advance(q, i32.const(VECTOR)),
          ]),
          ...advance(a, i32.const(FLOAT)),
        ]),
        ...c.set(rowEnd.get),
      ]),
    ];
  },
};

export const simdColumns = copied(multiply, LANES);
