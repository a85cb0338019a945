import { runScenario } from '../../src';
import { plants } from './plants';

const SEEDS = 80;

describe('planted bugs are noticed', () => {
  it.each(plants)(
    '$name',
    async ({ plant, adjust, noticedBy, from = 1 }) => {
      const seen = new Set<string>();
      for (let seed = from; seed < from + SEEDS; seed += 1) {
        const { violations } = await runScenario({ seed, plant, adjust });
        if (violations.some((line) => noticedBy.test(line))) return;
        for (const line of violations) seen.add(line);
      }
      throw new Error(`not noticed within ${SEEDS} seeds; seen instead: ${[...seen].slice(0, 5).join('\n')}`);
    },
    120_000,
  );
});
