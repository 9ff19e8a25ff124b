/**
 * Pen strokes: smooth curves through points, and their anti-aliased drawing into a grey image.
 * Knows nothing of digits, randomness or labels.
 */

/** A pen line through points x0, y0, x1, y1, …; x goes right, y goes down. */
export interface Stroke {
  readonly points: readonly number[];
  /** true: a smooth curve through the points; false: straight from point to point */
  readonly smooth: boolean;
}

/** Straight pieces in place of each piece of a curve: enough for an image of a few dozen pixels. */
const PIECES = 6;

/**
 * A stroke as a polyline. Smooth: uniform Catmull–Rom, whose tangent at a point is half the way between its
 * neighbours; the first and last point count twice.
 */
export function flatten({ points, smooth }: Stroke): readonly number[] {
  const n = points.length / 2;
  if (!smooth || n < 3) return points;
  const out = [points[0], points[1]];
  for (let i = 0; i + 1 < n; i++) {
    const p0 = 2 * Math.max(i - 1, 0);
    const p1 = 2 * i;
    const p2 = p1 + 2;
    const p3 = 2 * Math.min(i + 2, n - 1);
    for (let piece = 1; piece <= PIECES; piece++) {
      const t = piece / PIECES;
      const w0 = ((2 - t) * t - 1) * t * 0.5;
      const w1 = ((3 * t - 5) * t * t + 2) * 0.5;
      const w2 = ((4 - 3 * t) * t + 1) * t * 0.5;
      const w3 = (t - 1) * t * t * 0.5;
      out.push(
        w0 * points[p0] + w1 * points[p1] + w2 * points[p2] + w3 * points[p3],
        w0 * points[p0 + 1] + w1 * points[p1 + 1] + w2 * points[p2 + 1] + w3 * points[p3 + 1],
      );
    }
  }
  return out;
}

/**
 * Draws a polyline into one image, in pixels: the ink at a pixel falls from 1 to 0 over `edge` pixels around the
 * distance `radius` from the line; where lines meet, the darker ink holds, so that crossings have no knots.
 * @param ink rows × columns, 0 … 1, drawn over; what lies outside the image is cut off
 * @param points in pixels; the centre of the pixel in row r and column c is (c, r)
 */
export function paint(
  ink: Float32Array,
  rows: number,
  columns: number,
  points: readonly number[],
  radius: number,
  edge: number,
): void {
  const reach = radius + edge / 2;
  for (let i = 0; i + 3 < points.length; i += 2) {
    const x0 = points[i];
    const y0 = points[i + 1];
    const dx = points[i + 2] - x0;
    const dy = points[i + 3] - y0;
    const length2 = dx * dx + dy * dy;
    const left = Math.max(Math.ceil(Math.min(x0, x0 + dx) - reach), 0);
    const right = Math.min(Math.floor(Math.max(x0, x0 + dx) + reach), columns - 1);
    const top = Math.max(Math.ceil(Math.min(y0, y0 + dy) - reach), 0);
    const bottom = Math.min(Math.floor(Math.max(y0, y0 + dy) + reach), rows - 1);
    for (let r = top; r <= bottom; r++) {
      for (let c = left; c <= right; c++) {
        const px = c - x0;
        const py = r - y0;
        // The nearest point of the piece is the foot of the perpendicular, or an end.
        const t = length2 > 0 ? Math.min(Math.max((px * dx + py * dy) / length2, 0), 1) : 0;
        const ex = px - t * dx;
        const ey = py - t * dy;
        const d2 = ex * ex + ey * ey;
        if (d2 >= reach * reach) continue;
        const value = Math.min((reach - Math.sqrt(d2)) / edge, 1);
        const at = r * columns + c;
        if (value > ink[at]) ink[at] = value;
      }
    }
  }
}
