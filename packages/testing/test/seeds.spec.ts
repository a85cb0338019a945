import { runScenario } from '../src';

const SEEDS = Number(process.env['BATONMQ_SEEDS'] ?? 200);
const FROM = Number(process.env['BATONMQ_FROM'] ?? 1);
/** One test per so many seeds: a failure names its seeds, and the limit below is for this many. */
const CHUNK = 20;
const CHUNK_LIMIT_MS = 300_000;

const chunks = Array.from({ length: Math.ceil(SEEDS / CHUNK) }, (_, index) => FROM + index * CHUNK);

describe('whole clusters under faults drawn from a seed (replay: npm run simulate -- --seed N --trace)', () => {
  it.each(chunks)(
    'from seed %i',
    async (first) => {
      const violations: string[] = [];
      for (let seed = first; seed < Math.min(first + CHUNK, FROM + SEEDS); seed += 1) {
        const report = await runScenario({ seed });
        violations.push(...report.violations.map((violation) => `seed ${seed}: ${violation}`));
      }
      expect(violations).toEqual([]);
    },
    CHUNK_LIMIT_MS,
  );

  it('repeats a run exactly', async () => {
    const [one, two] = [await runScenario({ seed: FROM }), await runScenario({ seed: FROM })];
    expect(two.trace).toEqual(one.trace);
  });
});
