/** dense(x): the one strided copy loop. Copies nothing when the elements already lie in row-major order. */
import { allocate, dtypeOf, isDense, nd, rowMajor, sizeOf, type Nd } from './nd.ts';

/** x in row-major order: x itself when it is dense (its offset stays), else a copy. */
export function dense(x: Nd): Nd {
  if (isDense(x)) return x;
  const n = sizeOf(x.shape);
  const out = allocate(dtypeOf(x.data), n);
  const steps = rowMajor(x.shape);
  for (let i = 0; i < n; i++) {
    let at = x.offset;
    for (let j = 0; j < steps.length; j++) at += (Math.floor(i / steps[j]) % x.shape[j]) * x.strides[j];
    out[i] = x.data[at];
  }
  return nd(out, x.shape);
}
