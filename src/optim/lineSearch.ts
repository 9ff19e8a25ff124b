/**
 * A line search for the strong Wolfe conditions (Nocedal and Wright, 2006, algorithms 3.5 and 3.6): from a function along
 * a line, its values and slopes, to a step length. Knows no tensor.
 */

export type Vector = Float64Array<ArrayBuffer>;

/** A point of the line: how far along, the value there, the gradient, and the slope along the line. */
export interface Point {
  readonly t: number;
  readonly f: number;
  readonly g: Vector;
  readonly slope: number;
}

/** Enough decrease: f(t) ≤ f(0) + c₁·t·f′(0). Flat enough: |f′(t)| ≤ c₂·|f′(0)|. */
const [C1, C2] = [1e-4, 0.9];
/** The most evaluations after the first. */
const MOST = 25;
/** A bracket so narrow that no number of the parameters moves by more than this is closed. */
const NARROW = 1e-9;

/** Where the cubic through two points with their slopes is least, within bounds; their middle if it has no minimum. */
export function cubicMinimum(a: Point, b: Point, [low, high]: readonly [number, number] = ordered(a.t, b.t)): number {
  const [p, q] = a.t <= b.t ? [a, b] : [b, a];
  const d = p.slope + q.slope - (3 * (p.f - q.f)) / (p.t - q.t);
  const square = d * d - p.slope * q.slope;
  if (square < 0) return (low + high) / 2;
  const root = Math.sqrt(square);
  const t = q.t - (q.t - p.t) * ((q.slope + root - d) / (q.slope - p.slope + 2 * root));
  return Math.min(Math.max(t, low), high);
}

const ordered = (a: number, b: number): [number, number] => (a <= b ? [a, b] : [b, a]);

/**
 * A point that meets both conditions, or the best that was found.
 * @param at evaluates the function
 * @param start the point at 0, whose slope is negative
 * @param first the step to try first
 * @param reach the largest |number| of the direction
 * @returns the point, and how many were evaluated
 */
export function strongWolfe(
  at: (t: number) => Point,
  start: Point,
  first: number,
  reach: number,
): { point: Point; evaluations: number } {
  const tooHigh = ({ t, f }: Point): boolean => f > start.f + C1 * t * start.slope;
  const flatEnough = ({ slope }: Point): boolean => Math.abs(slope) <= -C2 * start.slope;

  // Go on until a minimum that will do must lie between the last two points.
  let [last, now] = [start, at(first)];
  let tries = 0;
  for (; tries < MOST; tries++) {
    if (tooHigh(now) || (tries > 1 && now.f >= last.f)) break;
    if (flatEnough(now)) return { point: now, evaluations: tries + 1 };
    if (now.slope >= 0) break;
    const t = cubicMinimum(last, now, [now.t + 0.01 * (now.t - last.t), now.t * 10]);
    [last, now] = [now, at(t)];
  }
  if (tries === MOST) last = start;

  // Narrow the bracket around it; `best` is its lower end. A try near an end, twice in a row, is moved away from it.
  let [best, other] = last.f <= now.f ? [last, now] : [now, last];
  let wasNear = false;
  while (tries < MOST && Math.abs(best.t - other.t) * reach >= NARROW) {
    const [low, high] = ordered(best.t, other.t);
    const margin = 0.1 * (high - low);
    let t = cubicMinimum(best, other);
    const isNear = Math.min(high - t, t - low) < margin;
    if (isNear && (wasNear || t >= high || t <= low)) {
      t = Math.abs(t - high) < Math.abs(t - low) ? high - margin : low + margin;
      wasNear = false;
    } else wasNear = isNear;
    const point = at(t);
    tries++;
    if (tooHigh(point) || point.f >= best.f) {
      other = point;
      if (other.f < best.f) [best, other] = [other, best];
    } else {
      if (flatEnough(point)) return { point, evaluations: tries + 1 };
      if (point.slope * (other.t - best.t) >= 0) other = best;
      best = point;
    }
  }
  return { point: best, evaluations: tries + 1 };
}
