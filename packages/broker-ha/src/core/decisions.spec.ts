import * as fc from 'fast-check';
import { ackedOffset, confirmBound, enoughInSync, type AckRule } from './ack-rule';
import { JOIN_LAG_MS, mayJoin, type JoinFacts } from './expand';
import { Replica } from './replica';
import { ReplicationWaiters } from './replication-waiters';
import { memberVerdict } from './shrink';

const all: AckRule = { allAckInSyncStateSet: true, inSyncReplicas: 1, minInSyncReplicas: 1 };
const some = (inSyncReplicas: number): AckRule => ({
  allAckInSyncStateSet: false,
  inSyncReplicas,
  minInSyncReplicas: 1,
});

describe('ack rule', () => {
  it.each([
    ['all, alone', all, [], 100, 100],
    ['all, two behind', all, [90, 80], 80, 80],
    ['all, one without report', all, [90, -1], -1, -1],
    ['one', some(1), [5, 5], 100, 100],
    ['zero', some(0), [], 100, 100],
    ['two of three', some(2), [90, 80], 90, 100],
    ['three of three', some(3), [90, 80], 80, 100],
    ['three of two', some(3), [90], -1, 100],
    ['two, one without report', some(2), [-1, 70], 70, 100],
  ] as const)('%s', (_name, rule, acks, acked, confirm) => {
    expect([ackedOffset(rule, 100, acks), confirmBound(rule, 100, acks)]).toEqual([acked, confirm]);
  });

  it.each([
    [2, 1, 0, false],
    [2, 1, 2, true],
    [2, 2, 1, true],
    [1, 1, 0, true],
  ])('minInSyncReplicas %i, set of %i, proposed %i: %s', (minInSyncReplicas, local, proposed, enough) => {
    expect(enoughInSync({ ...all, minInSyncReplicas }, local, proposed)).toBe(enough);
  });
});

describe('who may join', () => {
  const good: JoinFacts = { connected: true, learner: false, ack: 500, epochStart: 500, lagMs: JOIN_LAG_MS, waitMs: 0 };
  it.each([
    [{}, 'join'],
    [{ connected: false }, 'not-connected'],
    [{ learner: true }, 'learner'],
    [{ ack: -1 }, 'no-report'],
    [{ ack: 499 }, 'old-epoch'],
    [{ lagMs: JOIN_LAG_MS + 1 }, 'behind'],
    [{ waitMs: 1 }, 'tried-just-now'],
  ] as const)('%j: %s', (change, verdict) => {
    expect(mayJoin({ ...good, ...change })).toBe(verdict);
  });
});

describe('who has to leave', () => {
  const rule = { minInSyncReplicas: 1, maxNotCaughtUpMs: 15_000, stalledMs: 2500, written: 1000, nowMs: 100_000 };
  const member = (facts: {
    connection: number;
    ack: number;
    sent: number;
    caughtUpAgoMs: number;
    movedAgoMs: number;
  }) => {
    const replica = new Replica(2, rule.nowMs - facts.caughtUpAgoMs);
    replica.attach(facts.connection, false, facts.sent);
    replica.ack = facts.ack;
    replica.movedMs = rule.nowMs - facts.movedAgoMs;
    return replica;
  };
  const fine = { connection: 7, ack: 900, sent: 1000, caughtUpAgoMs: 100, movedAgoMs: 100 };
  it.each([
    ['stay', {}],
    ['disconnected', { connection: -1 }],
    ['stay', { connection: -1, sent: -1, caughtUpAgoMs: 3000 }],
    ['disconnected', { connection: -1, sent: -1, caughtUpAgoMs: 3001 }],
    ['stay', { caughtUpAgoMs: 15_000 }],
    ['behind', { caughtUpAgoMs: 15_001 }],
    ['stay', { movedAgoMs: 2500 }],
    ['stalled', { movedAgoMs: 2501 }],
    ['stay', { movedAgoMs: 2501, ack: 1000 }],
  ] as const)('%s: %j', (verdict, change) => {
    expect(memberVerdict(member({ ...fine, ...change }), rule)).toBe(verdict);
  });
});

describe('ReplicationWaiters', () => {
  it('settles as a sorted list would, through growth and wrap-around', () => {
    const steps = fc.array(
      fc.oneof(
        fc.record({ add: fc.nat(3000), times: fc.nat(900) }),
        fc.record({ raise: fc.nat(3000) }),
        fc.record({ expire: fc.nat(3000) }),
      ),
      { maxLength: 20 },
    );
    fc.assert(
      fc.property(steps, (played) => {
        const waiters = new ReplicationWaiters();
        let naive: { end: number; deadline: number; n: number }[] = [];
        const got: string[] = [];
        const expected: string[] = [];
        let n = 0;
        for (const step of played) {
          if ('add' in step) {
            for (let i = 0; i < step.times; i++) {
              const id = n++;
              const end = step.add + (i % 7);
              const at = naive.findLastIndex((item) => item.end <= end) + 1;
              naive.splice(at, 0, { end, deadline: end, n: id });
              waiters.add(end, end, (outcome) => got.push(`${id} ${outcome}`));
            }
          } else if ('raise' in step) {
            const done = naive.filter((item) => item.end <= step.raise);
            naive = naive.slice(done.length);
            expected.push(...done.map((item) => `${item.n} ok`));
            waiters.resolveUpTo(step.raise);
          } else {
            const left = naive.findIndex((item) => item.deadline > step.expire);
            const done = left < 0 ? naive : naive.slice(0, left);
            naive = naive.slice(done.length);
            expected.push(...done.map((item) => `${item.n} timeout`));
            waiters.expire(step.expire);
          }
          expect(waiters.size).toBe(naive.length);
        }
        waiters.failAll('not-master');
        expect(got).toEqual([...expected, ...naive.map((item) => `${item.n} not-master`)]);
      }),
      { numRuns: 60 },
    );
  });
});
