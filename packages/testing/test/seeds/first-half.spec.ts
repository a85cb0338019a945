import { runScenario } from '../../src';
import { FIRST_SEED, runSeeds } from './run-seeds';

runSeeds(0);

it('repeats a run exactly', async () => {
  const [one, two] = [await runScenario({ seed: FIRST_SEED }), await runScenario({ seed: FIRST_SEED })];
  expect(two.fingerprint).toBe(one.fingerprint);
  expect(two.trace).toEqual(one.trace);
}, 60_000);
