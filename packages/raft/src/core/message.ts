import type { Configuration, Entry } from './types';

/** Asks for a vote; `pre` asks whether it would be given (PreVote, Raft thesis 9.6): then `term` is the one it would start. */
export interface VoteRequest {
  readonly kind: 'vote';
  readonly term: number;
  readonly pre: boolean;
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The leader itself asked for this election: leases do not stand in its way. */
  readonly transfer: boolean;
}

/** `term` is the one asked for when granted, else the voter's own. */
export interface VoteResponse {
  readonly kind: 'vote-response';
  readonly term: number;
  readonly pre: boolean;
  readonly granted: boolean;
}

export interface AppendRequest {
  readonly kind: 'append';
  readonly term: number;
  readonly prevIndex: number;
  readonly prevTerm: number;
  readonly entries: readonly Entry[];
  readonly commitIndex: number;
}

/**
 * Accepted: `index` is the last one known to match the leader's log and durable. Rejected: `index` is the `prevIndex`
 * that did not fit, and the entry (hintIndex, hintTerm) of the follower's is the last that can.
 */
export interface AppendResponse {
  readonly kind: 'append-response';
  readonly term: number;
  readonly accepted: boolean;
  readonly index: number;
  readonly hintIndex: number;
  readonly hintTerm: number;
}

/** Says the leader is alive, and with `round` asks whether it still is one (ReadIndex, Raft thesis 6.4). */
export interface Heartbeat {
  readonly kind: 'heartbeat';
  readonly term: number;
  /** Never above what the receiver is known to hold. */
  readonly commitIndex: number;
  readonly round: number;
}

export interface HeartbeatResponse {
  readonly kind: 'heartbeat-response';
  readonly term: number;
  readonly round: number;
}

/** One piece of the snapshot at (index, snapshotTerm): bytes from `offset` of `totalBytes`. */
export interface SnapshotChunk {
  readonly kind: 'snapshot';
  readonly term: number;
  readonly index: number;
  readonly snapshotTerm: number;
  readonly offset: number;
  readonly totalBytes: number;
  readonly data: Buffer;
  /** In force at `index`. Absent from a leader of a version without membership change. */
  readonly configuration?: Configuration;
}

/** `offset` is the next one wanted; `installed`: the snapshot is durable and restored, or was not needed any more. */
export interface SnapshotResponse {
  readonly kind: 'snapshot-response';
  readonly term: number;
  readonly index: number;
  readonly offset: number;
  readonly installed: boolean;
}

/** The leader's word to start an election at once (leadership transfer, Raft thesis 3.10). */
export interface TimeoutNow {
  readonly kind: 'timeout-now';
  readonly term: number;
}

export type Message =
  | VoteRequest
  | VoteResponse
  | AppendRequest
  | AppendResponse
  | Heartbeat
  | HeartbeatResponse
  | SnapshotChunk
  | SnapshotResponse
  | TimeoutNow;
