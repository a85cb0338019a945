import { isGood, type DemoResult } from './demo';
import { Tally } from './tally';

describe('Tally', () => {
  it('counts what was promised and not kept', () => {
    const tally = new Tally();
    const numbers = [tally.next(), tally.next(), tally.next()];
    expect(numbers).toEqual([0, 1, 2]);
    tally.acknowledge(0);
    tally.acknowledge(2);
    tally.consume(0, 1);
    tally.consume(0, 2);
    tally.consume(1, 3);
    expect(tally).toMatchObject({ sent: 3, acknowledged: 2, consumed: 2, duplicated: 1, lastConsumedMs: 3 });
    expect(tally.missing()).toBe(1);
  });
});

describe('the exit code of the demo', () => {
  const failover = { killed: 'b/1', elected: 2, epoch: 2, toFirstAckMs: 1, toRouteMs: 1, toBackInSyncMs: 1 };
  const good: DemoResult = {
    failovers: [failover],
    sent: 9,
    acknowledged: 8,
    consumed: 8,
    lost: 0,
    duplicated: 3,
    inSync: [1, 2, 3],
    clusterUpMs: 1,
    rssMb: {},
  };
  it.each([
    ['all promises kept', good, true],
    ['one acknowledged message lost', { ...good, lost: 1 }, false],
    ['nothing acknowledged', { ...good, acknowledged: 0 }, false],
    ['a failover missing', { ...good, failovers: [] }, false],
  ])('%s', (_what, result, expected) => {
    expect(isGood(result, 1)).toBe(expected);
  });
});
