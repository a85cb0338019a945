import { Chaos } from './world/chaos';

const FIRST = Number(process.env['SEED'] ?? 1);
const COUNT = Number(process.env['SEEDS'] ?? (process.env['SEED'] === undefined ? 8 : 1));
const seeds = Array.from({ length: COUNT }, (_, i) => FIRST + i);

/** One seed again: SEED=17 npx jest test/simulation */
describe('replicas under faults', () => {
  it.each(seeds)('all acks, seed %i', (seed) => new Chaos(seed).run(15_000), 60_000);
  it.each(seeds)(
    'all acks, two replicas at least, seed %i',
    (seed) => new Chaos(seed, { minInSyncReplicas: 2 }).run(15_000),
    60_000,
  );
  // The controller elects as soon as a connection is reset; a lease cannot know. So here it only hears silence.
  it.each(seeds)(
    'own ack only, seed %i',
    (seed) =>
      new Chaos(seed, { allAckInSyncStateSet: false, haTruncateBelowConfirm: true }, { resets: false }).run(15_000),
    60_000,
  );
});
