/** A member of the group, unique in it. */
export type NodeId = string;

/** A place in the log: the index of an entry (from 1; 0 is "before the first") and the term it was proposed in. */
export interface LogPoint {
  readonly index: number;
  readonly term: number;
}

/** `noop` is what a new leader appends to be able to commit (Raft 8); it never reaches the state machine. */
export type EntryKind = 'data' | 'noop';

/** One entry of the log. Never changed once made; `data` is owned by the entry. */
export interface Entry extends LogPoint {
  readonly kind: EntryKind;
  readonly data: Buffer;
}

/** What must be durable before anything that follows from it is said to a peer (Raft, figure 2). */
export interface HardState {
  readonly term: number;
  readonly votedFor: NodeId | undefined;
}

/** The state machine after applying everything up to and including `index`. */
export interface Snapshot extends LogPoint {
  readonly data: Buffer;
}

/**
 * Changes that become durable together or not at all. Applied in this order: entries above `truncateAfter` go, `entries`
 * come, entries up to `base.index` go, the snapshot replaces the former one.
 */
export interface WriteBatch {
  readonly hardState?: HardState;
  readonly truncateAfter?: number;
  readonly entries: readonly Entry[];
  /** Where the log begins from now on: the entry at `base` itself is gone, its term is remembered. */
  readonly base?: LogPoint;
  readonly snapshot?: Snapshot;
}

/** What storage holds when it is opened: invariant `entries[i].index === base.index + 1 + i`. */
export interface Recovered {
  readonly hardState: HardState;
  readonly base: LogPoint;
  readonly entries: readonly Entry[];
  readonly snapshot: Snapshot | undefined;
}

export const emptyRecovered: Recovered = {
  hardState: { term: 0, votedFor: undefined },
  base: { index: 0, term: 0 },
  entries: [],
  snapshot: undefined,
};
