import type { Replica } from './replica';

export interface ShrinkRule {
  readonly minInSyncReplicas: number;
  readonly maxNotCaughtUpMs: number;
  readonly stalledMs: number;
  /** End of the master's written log. */
  readonly written: number;
  readonly nowMs: number;
}

export type MemberVerdict = 'stay' | 'disconnected' | 'behind' | 'stalled';

/** Members never connected since the mastership began get this long. */
export const FIRST_CONNECT_MS = 3000;

/**
 * Why a member should leave. Disconnected ones leave at once; those that never connected to this master after a moment.
 * `stalled` (it has not answered for `stalledMs` although data are out) is a reason only where the rest suffices
 * (`hung-slave-stalls`).
 * @source AutoSwitchHAService.maybeShrinkSyncStateSet
 */
export function memberVerdict(member: Replica, rule: ShrinkRule): MemberVerdict {
  const quietMs = rule.nowMs - member.caughtUpMs;
  if (member.connection < 0) return member.sent >= 0 || quietMs > FIRST_CONNECT_MS ? 'disconnected' : 'stay';
  if (quietMs > rule.maxNotCaughtUpMs) return 'behind';
  if (member.ack < rule.written && rule.nowMs - member.movedMs > rule.stalledMs) return 'stalled';
  return 'stay';
}

/** Ids of the members that should leave the set. `members` are all but the master. */
export function membersToDrop(members: readonly Replica[], rule: ShrinkRule): number[] {
  const verdicts = members.map((member) => ({ id: member.id, verdict: memberVerdict(member, rule) }));
  const gone = verdicts.filter(({ verdict }) => verdict === 'disconnected' || verdict === 'behind');
  const stalled = verdicts.filter(({ verdict }) => verdict === 'stalled');
  const rest = 1 + members.length - gone.length - stalled.length;
  const dropped = rest >= rule.minInSyncReplicas ? [...gone, ...stalled] : gone;
  return dropped.map(({ id }) => id);
}
