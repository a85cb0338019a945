export interface JoinFacts {
  readonly connected: boolean;
  readonly learner: boolean;
  /** -1: no report yet. */
  readonly ack: number;
  /** Start of the newest epoch: below it a slave may still have to cut its log. */
  readonly epochStart: number;
  /** How long ago it lacked nothing. */
  readonly lagMs: number;
  /** Positive: it was tried just now, in vain. */
  readonly waitMs: number;
}

export type JoinVerdict =
  'join' | 'not-connected' | 'learner' | 'no-report' | 'old-epoch' | 'behind' | 'tried-just-now';

/** A candidate may be behind by so much time: acks wait for it from the moment it joins. */
export const JOIN_LAG_MS = 500;

/**
 * Whether a slave may be counted for the set. The reference asks for an ack at the very end of the log, which a slave
 * under constant load never shows; here it may be a moment behind, is waited for from now on, and is proposed to the
 * controller only when it has all that was confirmed before.
 * @source AutoSwitchHAService.maybeExpandInSyncStateSet
 */
export function mayJoin(facts: JoinFacts): JoinVerdict {
  if (!facts.connected) return 'not-connected';
  if (facts.learner) return 'learner';
  if (facts.ack < 0) return 'no-report';
  if (facts.ack < facts.epochStart) return 'old-epoch';
  if (facts.lagMs > JOIN_LAG_MS) return 'behind';
  if (facts.waitMs > 0) return 'tried-just-now';
  return 'join';
}
