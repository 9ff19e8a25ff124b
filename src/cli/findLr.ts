/** `adjoint find-lr`: a step size to try first, from a short run whose step size grows, and the curve that it was read off. */
import { join } from 'node:path';
import { ValueError } from '../array/errors.ts';
import { Generator } from '../array/random.ts';
import { renderReport } from '../inspect/index.ts';
import { writeFileAtomic } from '../io/files.ts';
import { AdamW } from '../optim/index.ts';
import { findLr, type FoundLr } from '../train/index.ts';
import { claim, freeFolder, orNote, writeJson } from './folders.ts';
import type { Plan } from './task.ts';
import { prepare } from './tasks.ts';
import { newPlan } from './train.ts';
import { expectPositionals, UsageError, type Args } from './usage.ts';

export async function findStepSize(args: Args): Promise<void> {
  expectPositionals(args, ['MODEL']);
  const plan = newPlan(args, args.positionals);
  const [from, to] = [args.number('from', 1e-6, 1e-12), args.number('to', 1, 1e-12)];
  if (to <= from) throw new UsageError(`--to must be above --from, got ${from} and ${to}`);
  const steps = args.whole('steps', 100, 10);
  const out = args.text('out') ?? freeFolder(`runs/find-lr-${plan.recipe}`);
  const { seed, lr, weightDecay } = plan.settings;
  const generator = new Generator(seed);
  const { model, task, name } = await prepare(plan, generator);
  if (task.stages)
    throw new UsageError(`MODEL must have one step size, and not one for each of its parts, got ${plan.recipe}`);
  const release = claim(out);
  try {
    const optimizer = new AdamW(model.parameters(), { lr, weightDecay });
    const train = task.loader;
    const found = await findLr({
      model,
      optimizer,
      train,
      loss: (batch) => task.loss(batch),
      from,
      to,
      steps,
      generator,
    });
    if (found.lr === null) {
      const cure = 'give it another --from, --to, or more --steps';
      throw new ValueError('find-lr', 'the loss must fall at some step size', `none from ${from} to ${to}`, cure);
    }
    const best = Number(found.lr.toPrecision(2));
    writeJson(join(out, 'find-lr.json'), { lr: best, plan, curve: found.curve });
    await orNote('report.html', () => writePage(out, plan, name, best, found));
    if (args.has('json')) console.log(JSON.stringify({ folder: out, lr: best, curve: found.curve }));
    else {
      console.log(
        `${plan.recipe} on ${name}: the loss fell fastest at lr=${best}; the curve is in ${join(out, 'report.html')}.`,
      );
      console.log(`Try: adjoint train ${plan.recipe} --set lr=${best}`);
    }
  } finally {
    release();
  }
}

async function writePage(out: string, plan: Plan, name: string, best: number, { curve }: FoundLr): Promise<void> {
  const points = curve.map(({ lr, loss }): [number, number] => [lr, loss]);
  const page = await renderReport({
    title: `A step size for ${plan.recipe} on ${name}`,
    subtitle: 'One step with each step size, from small to large; the loss is a running mean.',
    figures: [
      { label: 'lr at which the loss fell fastest', value: `${best}` },
      { label: 'steps', value: `${curve.length}` },
    ],
    curves: [
      {
        title: 'Loss',
        xLabel: 'lr',
        yLabel: 'loss',
        logX: true,
        series: [{ name: 'training', points }],
      },
    ],
    config: { data: plan.data ?? name, ...plan.settings },
    modelText: '',
  });
  writeFileAtomic(join(out, 'report.html'), page);
}
