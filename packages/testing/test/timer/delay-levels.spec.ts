import { runGroup, runOneBroker, verdict } from './timed-runs';

const delaying = 'level' as const;

describe('messages delayed by a level', () => {
  it('are delivered once each by a broker that stops and starts', async () => {
    for (let seed = 1; seed <= 4; seed++) {
      const run = await runOneBroker(seed, 'stop', { delaying });
      expect([seed, verdict(run)]).toEqual([seed, { lost: [], twice: [] }]);
    }
  }, 120_000);

  // Offsets of delivered messages must not be on the disk before the messages are.
  it.each([
    ['kill', false],
    ['kill', true],
    ['crash', false],
    ['crash', true],
  ] as const)(
    'are all delivered in spite of a %s (ASYNC_FLUSH: %s)',
    async (end, async) => {
      for (let seed = 1; seed <= 6; seed++) {
        const { lost } = verdict(await runOneBroker(seed, end, { delaying, async }));
        expect([seed, lost]).toEqual([seed, []]);
      }
    },
    120_000,
  );

  it.each(['kill', 'crash'] as const)(
    'are all delivered when masters are lost (%s)',
    async (end) => {
      for (let seed = 1; seed <= 2; seed++) {
        expect([seed, verdict(await runGroup(seed, end, delaying)).lost]).toEqual([seed, []]);
      }
    },
    120_000,
  );
});
