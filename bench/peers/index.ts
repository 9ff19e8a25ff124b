/** Others that are measured in the same run, where they are installed: two JavaScript libraries, NumPy and PyTorch. */
import { jaxJs, tfjs } from './javascript.ts';
import type { Peer } from './peer.ts';
import { python } from './python.ts';

/** How to get hold of a peer; an Error that says what to install where it is not there. */
const known: Record<string, (threads: number) => Promise<Peer>> = {
  tfjs,
  'jax-js': jaxJs,
  numpy: (threads) => python('numpy', threads),
  torch: (threads) => python('torch', threads),
};

export const peerNames: readonly string[] = Object.keys(known);

/** The peers of these names that are installed; of the others, `missing` is told why. */
export async function findPeers(
  names: readonly string[],
  threads: number,
  missing: (text: string) => void,
): Promise<Peer[]> {
  const found: Peer[] = [];
  for (const name of names) {
    try {
      found.push(await known[name](threads));
    } catch (error) {
      missing(`${name} is left out: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  return found;
}
