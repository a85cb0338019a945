import { simulateNodes } from './node-simulation';

const seeds = Number(process.env['RAFT_NODE_SEEDS'] ?? 150);
const from = Number(process.env['RAFT_FROM'] ?? 1);

it(`whole nodes come through ${seeds} storms from ${from}`, async () => {
  let [committed, changes] = [0, 0];
  for (let seed = from; seed < from + seeds; seed++) {
    try {
      const outcome = await simulateNodes(seed);
      committed += outcome.committed;
      changes += outcome.changes;
    } catch (error) {
      throw new Error(`seed ${seed}: ${String((error as Error).stack)}`, { cause: error });
    }
  }
  expect(committed).toBeGreaterThan(seeds * 5);
  expect(changes).toBeGreaterThan(seeds / 10);
}, 600_000);

it('a seed reproduces its run exactly', async () => {
  expect(await simulateNodes(5)).toEqual(await simulateNodes(5));
});
