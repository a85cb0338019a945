import type { Snapshot } from './types';

/** A snapshot on its way to a follower: one chunk in flight at a time. */
export interface SnapshotTransfer {
  readonly snapshot: Snapshot;
  /** Where the chunk in flight begins and ends. */
  offset: number;
  end: number;
  sentMs: number;
}

/**
 * What the leader knows of a follower (etcd: tracker.Progress). Invariant: `0 <= matchIndex < nextIndex`.
 *
 * - probe: it is not known where the logs part; one message at a time.
 * - replicate: appends are pipelined, up to a number in flight.
 * - snapshot: the follower needs entries that are compacted.
 */
export class Progress {
  mode: 'probe' | 'replicate' | 'snapshot' = 'probe';
  matchIndex = 0;
  nextIndex: number;
  /** In probe: a message is out and unanswered. */
  probing = false;
  /** In replicate: the last index of every append in flight, oldest first. */
  inFlight: number[] = [];
  transfer: SnapshotTransfer | undefined;
  /** When it was last heard of, for CheckQuorum. */
  heardMs: number;
  /** The commit index it was last told of, if the message arrived. */
  commitSent = 0;
  /** The last read round it confirmed. */
  round = 0;
  /** When the heartbeat of that round was sent: from then on it lends this leader its vote for an election timeout. */
  confirmedMs = Number.NEGATIVE_INFINITY;

  constructor(nextIndex: number, now: number) {
    this.nextIndex = nextIndex;
    this.heardMs = now;
  }

  becomeProbe(nextIndex: number): void {
    this.mode = 'probe';
    this.nextIndex = Math.max(nextIndex, this.matchIndex + 1);
    this.probing = false;
    this.inFlight = [];
    this.transfer = undefined;
  }

  becomeReplicate(): void {
    this.mode = 'replicate';
    this.nextIndex = this.matchIndex + 1;
    this.probing = false;
    this.inFlight = [];
    this.transfer = undefined;
  }

  /** @returns whether it is news */
  advance(matchIndex: number): boolean {
    let answered = 0;
    while (answered < this.inFlight.length && (this.inFlight[answered] as number) <= matchIndex) answered++;
    if (answered > 0) this.inFlight.splice(0, answered);
    if (matchIndex <= this.matchIndex) return false;
    this.matchIndex = matchIndex;
    this.nextIndex = Math.max(this.nextIndex, matchIndex + 1);
    this.probing = false;
    return true;
  }
}
