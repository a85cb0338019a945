import type { FailoverOutcome } from '../harness/failover-run';

/** What every official client must be able to say after the master was killed in the midst of its messages. */
export function expectNothingLost(outcome: FailoverOutcome, messages: number): void {
  expect(outcome.lost).toEqual([]);
  expect(outcome.foreign).toBe(0);
  expect(outcome.acknowledged + outcome.unacknowledged).toBe(messages);
  // a send that fails is tried again for a minute: one that is given up would mean that the group does not come back
  expect(outcome.unacknowledged).toBe(0);
  expect(outcome.epochAfter).toBeGreaterThan(outcome.epochBefore);
  expect(outcome.inSyncAfter).toBe(3);
}
