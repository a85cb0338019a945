/** A member of the group, unique in it. */
export type NodeId = string;

/** A place in the log: the index of an entry (from 1; 0 is "before the first") and the term it was proposed in. */
export interface LogPoint {
  readonly index: number;
  readonly term: number;
}

/**
 * `noop` is what a new leader appends to be able to commit (Raft 8); `config` changes the members: its data is an encoded
 * Configuration. Neither reaches the state machine.
 */
export type EntryKind = 'data' | 'noop' | 'config';

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

/** Somebody in the group and where it listens, as `host:port`. */
export interface Member {
  readonly id: NodeId;
  readonly address: string;
}

/**
 * Who belongs to the group, by what right. In force from the moment its entry is in the log, committed or not (Raft
 * thesis 4.1); gone again when the entry is cut off. Ids appear once in a list; each member has an address.
 */
export interface Configuration {
  /** Of its entry; 0: the one the group was founded with. */
  readonly index: number;
  readonly voters: readonly NodeId[];
  /** Joint consensus (thesis 4.3): the former voters, of whom a majority is needed as well. Empty: not joint. */
  readonly outgoing: readonly NodeId[];
  /** Get the log but have no vote. Who is of `outgoing` too will be one when the change is over. */
  readonly learners: readonly NodeId[];
  readonly addresses: Readonly<Record<NodeId, string>>;
}

/** The state machine after applying everything up to and including `index`. */
export interface Snapshot extends LogPoint {
  readonly data: Buffer;
  /** In force at `index`. Absent in snapshots of versions without membership change: the founders'. */
  readonly configuration?: Configuration;
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
