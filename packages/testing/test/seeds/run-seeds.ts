import { runScenario } from '../../src';

const SEEDS = Number(process.env['BATONMQ_SEEDS'] ?? 200);
const FROM = Number(process.env['BATONMQ_FROM'] ?? 1);
/** One test per so many seeds: a failure names its seeds, and the limit below is for this many. */
const CHUNK = 20;
const CHUNK_LIMIT_MS = 300_000;

/** Two spec files, so that two processes share the work. @param half 0 or 1: which chunks are this one's */
export function runSeeds(half: 0 | 1): void {
  const chunks = Array.from({ length: Math.ceil(SEEDS / CHUNK) }, (_, index) => FROM + index * CHUNK);
  const own = chunks.filter((_, index) => index % 2 === half);
  describe('whole clusters under faults drawn from a seed (replay: npm run simulate -- --seed N --trace)', () => {
    if (own.length === 0) it('has no seeds to run', () => {});
    it.each(own)(
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
  });
}

export const FIRST_SEED = FROM;
