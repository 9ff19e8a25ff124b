/** The methods of `adjoint explain`, a row each, and how they are chosen. */
import { anchorMethods } from './explainAnchors.ts';
import { attributionMethods } from './explainAttributions.ts';
import { dataMethods } from './explainData.ts';
import { layerMethods } from './explainLayers.ts';
import { nearMethods } from './explainNear.ts';
import { pictureMethods } from './explainPictures.ts';
import { tableMethods } from './explainTables.ts';
import { settings, type Kind, type Method, type Subject } from './explainSubject.ts';
import { transformerMethods } from './explainTransformers.ts';
import { UsageError } from './usage.ts';

/** In the order in which `all` has them. */
export const methods: readonly Method[] = [
  ...attributionMethods,
  ...pictureMethods,
  ...anchorMethods,
  ...tableMethods,
  ...layerMethods,
  ...nearMethods,
  ...dataMethods,
  ...transformerMethods,
];

/** What is asked where nothing is said: something from inside, from outside, and a linear model. */
const usual: Readonly<Record<Kind, readonly string[]>> = {
  pictures: ['ig', 'shap', 'lime'],
  tables: ['ig', 'shap', 'lime'],
  text: ['ig', 'shap', 'lime'],
};

/** Why a method cannot be had of a prediction; null if it can. */
function unfit(method: Method, subject: Subject): string | null {
  if (!method.kinds.includes(subject.kind)) return `it is for ${method.kinds.join(' and ')}`;
  return method.unfit?.(subject) ?? null;
}

/**
 * The methods that a list names; `all` are those that fit.
 * @param values names of settings that were said: each must be one that some of the methods takes
 * @throws UsageError for a method that there is not, or that does not fit, and for a setting that does nothing
 */
export function chooseMethods(said: string | undefined, subject: Subject, values: readonly string[]): readonly Method[] {
  const fitting = methods.filter((method) => unfit(method, subject) === null);
  const list = fitting.map(({ names: [name] }) => name).join(', ');
  const named = (name: string): readonly Method[] => {
    if (name === 'all') return fitting;
    const method = methods.find(({ names }) => names.includes(name));
    if (!method) throw new UsageError(`--method: there is no '${name}'; there are ${list}`);
    const why = unfit(method, subject);
    if (why !== null) throw new UsageError(`--method: ${name} does not fit, ${why}; there are ${list}`);
    return [method];
  };
  const names = said === undefined ? usual[subject.kind] : said.split(',').map((name) => name.trim().toLowerCase());
  const chosen = said === undefined ? fitting.filter((method) => names.includes(method.names[0])) : [...new Set(names.flatMap(named))];
  const taken = new Set(chosen.flatMap((method) => method.settings));
  const idle = values.find((name) => !taken.has(name) || (settings[name].kind ?? subject.kind) !== subject.kind);
  if (idle === undefined) return chosen;
  const takers = fitting.filter((method) => method.settings.includes(idle)).map((method) => method.names[0]);
  const those = taken.has(idle) ? settings[idle].kind : takers.join(', ');
  throw new UsageError(`--set ${idle} is not for ${chosen.map((method) => method.names[0]).join(', ')}; it is for ${those}`);
} // prettier-ignore
