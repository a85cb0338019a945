import type { Action } from './plan';
import { simulate, type Outcome, type SimulationOptions } from './simulation';
import type { Weather } from './weather';

export type Failure = Extract<Outcome, { failed: true }>;

/** What of the weather can be taken away, and what remains then. */
const CALMER: readonly Partial<Weather>[] = [
  { loss: 0 },
  { duplication: 0 },
  { clockDrift: 0 },
  { snapshotEvery: 0 },
  { steadyMs: 0 },
  { maxDelayMs: 2 },
  { maxSyncMs: 0.5 },
  { maxAppendBytes: 1000 },
  { maxInFlight: 8 },
  { keepEntries: 6 },
];

/**
 * The same rule broken by less: leaves out whatever can be left out of what was done (delta debugging, Zeller 1999) and
 * of the weather, and returns the shortest run that was found, with its trace.
 * @param runs at most; each costs as much as the seed
 */
export function shrink(seed: number, failure: Failure, options: SimulationOptions = {}, runs = 1500): Failure {
  let best = failure;
  let left = runs;
  const attempt = (plan: readonly Action[], weather: Weather): boolean => {
    if (left-- <= 0) return false;
    const outcome = simulate(seed, { ...options, plan, weather });
    if (!outcome.failed || ruleOf(outcome) !== ruleOf(failure)) return false;
    best = outcome;
    return true;
  };
  attempt(failure.plan, { ...failure.weather }); // what came after the failure is left out already
  for (let before = -1; before !== best.plan.length && left > 0;) {
    before = best.plan.length;
    for (const calmer of CALMER) {
      const [[name, value]] = Object.entries(calmer) as [[keyof Weather, number]];
      if (best.weather[name] !== value) attempt(best.plan, { ...best.weather, ...calmer });
    }
    for (const kind of new Set(best.plan.map((action) => action.kind))) {
      const others = best.plan.filter((action) => action.kind !== kind);
      attempt(others, best.weather);
    }
    leaveOut(
      () => best.plan,
      (plan) => attempt(plan, best.weather),
    );
  }
  const { plan, weather } = best;
  const traced = simulate(seed, { ...options, plan, weather, traced: true });
  return traced.failed ? traced : best;
}

/** Takes away pieces, half of the whole at first, then smaller ones, as long as the rest still fails. */
function leaveOut(current: () => readonly Action[], fails: (plan: readonly Action[]) => boolean): void {
  for (let size = Math.ceil(current().length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
    for (let at = 0; at < current().length;) {
      const plan = current();
      if (!fails([...plan.slice(0, at), ...plan.slice(at + size)])) at += size;
    }
  }
}

/** Only the same rule counts: a run that fails otherwise is another story. */
function ruleOf({ why }: Failure): string {
  const [rule, what = ''] = why.split(': ');
  return rule === 'the core failed' ? `${rule}: ${what.replaceAll(/\d+/g, '#').slice(0, 60)}` : String(rule);
}

/** For people: what broke, what was done, and all that happened. */
export function report(seed: number, { why, weather, plan, trace }: Failure, maxLines = 300): string {
  const deeds = plan.map(({ atMs, ...deed }) => `  ${atMs.toFixed(1)} ${JSON.stringify(deed)}`);
  const skipped = trace.length > maxLines ? [`  ... ${trace.length - maxLines} lines before`] : [];
  const lines = trace.slice(-maxLines);
  return [
    `seed ${seed}: ${why}`,
    `weather ${JSON.stringify(weather)}`,
    'done',
    ...deeds,
    'trace',
    ...skipped,
    ...lines,
  ].join('\n');
}
