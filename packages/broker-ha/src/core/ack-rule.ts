/** The keys that decide when a send is acknowledged. */
export interface AckRule {
  readonly allAckInSyncStateSet: boolean;
  /** Replicas that must have the send, master included; not looked at with `allAckInSyncStateSet`. */
  readonly inSyncReplicas: number;
  readonly minInSyncReplicas: number;
}

/**
 * Up to where sends may be acknowledged.
 *
 * @param written end of the master's own written log
 * @param memberAcks acks of the other members of the set (old and proposed together); -1 for one without a report
 * @returns -1 when nothing may be acknowledged now
 *
 * | rule | acknowledged up to |
 * |---|---|
 * | allAck | the smallest of all; nothing while a member has not reported |
 * | inSyncReplicas <= 1 | own end |
 * | inSyncReplicas = n | what n of the set, master included, have |
 *
 * Departures from the reference, which counts connections: an ack counts once per replica, and only of members, since
 * nobody else can become master (`ack-from-nobody`).
 * @source GroupTransferService.doWaitTransfer, CommitLog.handleHA
 */
export function ackedOffset(rule: AckRule, written: number, memberAcks: readonly number[]): number {
  if (rule.allAckInSyncStateSet) return memberAcks.reduce((least, ack) => Math.min(least, ack), written);
  if (rule.inSyncReplicas <= 1) return written;
  const others = [...memberAcks].sort((a, b) => b - a);
  return Math.min(written, others[rule.inSyncReplicas - 2] ?? -1);
}

/** What the confirm offset of a master is bound to: members' acks with allAck, else nothing but the own log. */
export function confirmBound(rule: AckRule, written: number, memberAcks: readonly number[]): number {
  return rule.allAckInSyncStateSet ? ackedOffset(rule, written, memberAcks) : written;
}

/** Whether a send may be appended at all. The set counts with the larger of old and proposed size while it changes. */
export function enoughInSync(rule: AckRule, localSize: number, proposedSize: number): boolean {
  return Math.max(localSize, proposedSize) >= rule.minInSyncReplicas;
}
