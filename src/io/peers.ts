/** What is said when an optional package is not installed. */
import { ValueError } from '../array/errors.ts';

/** Awaits the import of optional packages; where it fails, names them and says how to get them. */
export async function needs<T>(where: string, packages: string, loading: Promise<T>): Promise<T> {
  try {
    return await loading;
  } catch (error) {
    const got = error instanceof Error ? error.message : String(error);
    throw new ValueError(where, `${packages} must be installed`, got, `run npm install ${packages}`);
  }
}
