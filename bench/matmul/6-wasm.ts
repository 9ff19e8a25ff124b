/**
 * Step 6: the loops of step 3 in WebAssembly. Arithmetic is float32 throughout, where JavaScript converts to float64
 * and back, and nothing is checked on the way: no type, no bound.
 */
import { f32, i32, whileLoop, type Code, type Func, type Local } from '../../src/kernels/wasm/assembler.ts';
import { copied } from './workbench.ts';

const FLOAT = 4; // bytes

const bytes = (x: Local): Code => i32.mul(x.get, i32.const(FLOAT));
const advance = (x: Local, by: Code): Code => x.set(i32.add(x.get, by));
const below = (x: Local, end: Local, body: Code): Code => whileLoop(i32.lt_u(x.get, end.get), body);

/** multiply(a, b, c, m, n, k) over row-major matrices at these addresses. */
const multiply: Func = {
  name: 'multiply',
  params: ['i32', 'i32', 'i32', 'i32', 'i32', 'i32'],
  body([a, b, c, m, n, k], variable) {
    const [aEnd, cEnd, rowEnd, q, r] = Array.from({ length: 5 }, () => variable('i32'));
    const x = variable('f32');
    return [
      ...cEnd.set(i32.add(c.get, i32.mul(m.get, bytes(n)))),
      ...below(c, cEnd, [
        ...rowEnd.set(i32.add(c.get, bytes(n))),
        ...r.set(c.get),
        ...below(r, rowEnd, [...f32.store(0, r.get, f32.const(0)), ...advance(r, i32.const(FLOAT))]),
        ...q.set(b.get),
        ...aEnd.set(i32.add(a.get, bytes(k))),
        ...below(a, aEnd, [
          ...x.set(f32.load(0, a.get)),
          ...r.set(c.get),
          ...below(r, rowEnd, [
            ...f32.store(0, r.get, f32.add(f32.load(0, r.get), f32.mul(x.get, f32.load(0, q.get)))),
            ...advance(r, i32.const(FLOAT)),
            ...advance(q, i32.const(FLOAT)),
          ]),
          ...advance(a, i32.const(FLOAT)),
        ]),
        ...c.set(rowEnd.get),
      ]),
    ];
  },
};

export const wasm = copied(multiply, 1);
