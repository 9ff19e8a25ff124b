/**
 * Which of many chances are the highest, by asking as little as possible: KL-LUCB (Kaufmann and Kalyanakrishnan, 2013), with
 * bounds where the Kullback–Leibler divergence of what was seen is β/n.
 */

/** Draws `counts[i]` more answers of arm `arms[i]`, and gives how many of them were yes. */
export type Draw = (arms: readonly Arm[], counts: readonly number[]) => Promise<readonly number[]>;

export interface Arm {
  /** What was seen: so many answers, so many of them yes. */
  asked: number;
  yes: number;
}

export const meanOf = ({ asked, yes }: Arm): number => (asked === 0 ? 0 : yes / asked);

/** KL divergence between two coins, p·log(p/q) + (1 − p)·log((1 − p)/(1 − q)). */
function divergence(p: number, q: number): number {
  const part = (a: number, b: number): number => (a === 0 ? 0 : a * Math.log(a / b));
  return part(p, q) + part(1 - p, 1 - q);
}

/** The lowest (or highest) chance that what was seen allows: where the divergence is β/asked, by bisection. */
export function bound(arm: Arm, beta: number, side: 'lower' | 'upper'): number {
  if (arm.asked === 0) return side === 'lower' ? 0 : 1;
  const mean = meanOf(arm);
  let [inside, outside] = [mean, side === 'lower' ? 0 : 1];
  for (let round = 0; round < 40; round++) {
    const middle = (inside + outside) / 2;
    if (divergence(mean, middle) > beta / arm.asked) outside = middle;
    else inside = middle;
  }
  return inside;
}

export async function ask(draw: Draw, arms: readonly Arm[], counts: readonly number[]): Promise<void> {
  const yes = await draw(arms, counts);
  arms.forEach((arm, i) => {
    arm.asked += counts[i];
    arm.yes += yes[i];
  });
}

/**
 * The `wanted` arms of highest chance, right to within `epsilon` with a probability of 1 − delta, best first; or what looks best when
 * `mayAsk` says that no more may be asked.
 */
export async function bestOf<A extends Arm>(
  arms: readonly A[], wanted: number, draw: Draw,
  { delta, epsilon, batch, mayAsk }: { delta: number; epsilon: number; batch: number; mayAsk: (more: number) => boolean },
): Promise<A[]> {
  const fresh = arms.filter(({ asked }) => asked === 0);
  if (fresh.length > 0 && mayAsk(fresh.length)) await ask(draw, fresh, fresh.map(() => 1));
  for (let t = 1; ; t++) {
    const ranked = arms.toSorted((a, b) => meanOf(b) - meanOf(a));
    const best = ranked.slice(0, wanted);
    const others = ranked.slice(wanted);
    if (others.length === 0) return best;
    const log = Math.log((405.5 * arms.length * t ** 1.1) / delta);
    const beta = log + Math.log(log);
    const lowers = best.map((arm) => bound(arm, beta, 'lower'));
    const uppers = others.map((arm) => bound(arm, beta, 'upper'));
    const [weakest, strongest] = [lowers.indexOf(Math.min(...lowers)), uppers.indexOf(Math.max(...uppers))];
    if (uppers[strongest] - lowers[weakest] <= epsilon || !mayAsk(2 * batch)) return best;
    await ask(draw, [best[weakest], others[strongest]], [batch, batch]);
  }
} // prettier-ignore
