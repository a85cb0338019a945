import { simulate } from './simulation';

/** Any number of seeds: `npx nx run broker-store:simulate --seeds N`. */
const SEEDS = 500;
const PER_TEST = 100;

describe('a store on a disk that forgets', () => {
  it.each(Array.from({ length: SEEDS / PER_TEST }, (_, index) => 1 + index * PER_TEST))(
    'keeps what it promised, seeds from %d',
    async (from) => {
      for (let seed = from; seed < from + PER_TEST; seed++) {
        const outcome = await simulate(seed);
        if (outcome.failed)
          throw new Error(
            `seed ${seed}: ${outcome.why}\n${JSON.stringify(outcome.weather)}\n${outcome.trace.join('\n')}`,
          );
      }
    },
    120_000,
  );

  it('one seed is one run', async () => {
    const [first, second] = [await simulate(77), await simulate(77)];
    expect(second.trace).toEqual(first.trace);
    expect(first.trace.length).toBeGreaterThan(10);
  });
});
