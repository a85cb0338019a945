import { invariant } from '../errors';
import type { Effect } from './effect';
import { RaftLog } from './log';
import { Progress } from './progress';
import type { HardState, NodeId, Recovered, Snapshot, WriteBatch } from './types';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface CoreOptions {
  readonly id: NodeId;
  /** All members, this one included. */
  readonly voters: readonly NodeId[];
  /** A follower campaigns after one to two of these without a leader; a leader without a majority for one steps down. */
  readonly electionTimeoutMs: number;
  readonly heartbeatMs: number;
  /** Most bytes of entries in one append (one entry always fits). */
  readonly maxAppendBytes: number;
  /** Most appends in flight to one follower. */
  readonly maxInFlight: number;
  readonly snapshotChunkBytes: number;
  /** Entries kept below a snapshot, so that a follower a little behind needs no snapshot. */
  readonly keepEntries: number;
}

/** A majority was asked in `round` whether this is still the leader; then these reads may be made. */
export interface ReadRound {
  readonly round: number;
  readonly ids: readonly number[];
}

/** A snapshot arriving in chunks. */
export interface IncomingSnapshot {
  /** The term of the leader that sends it. */
  readonly leaderTerm: number;
  readonly index: number;
  readonly bytes: Buffer;
  received: number;
}

export interface RaftState {
  readonly options: CoreOptions;
  readonly id: NodeId;
  /** The voting members. Changing them is a room of its own, to come: every count of a majority goes through this. */
  readonly voters: readonly NodeId[];
  role: Role;
  term: number;
  votedFor: NodeId | undefined;
  leaderId: NodeId | undefined;
  readonly log: RaftLog;
  /** `log.base.index <= appliedIndex <= commitIndex <= log.lastIndex` */
  commitIndex: number;
  appliedIndex: number;
  snapshot: Snapshot | undefined;

  /** Of the event being handled. */
  now: number;
  random: number;

  electionDeadlineMs: number;
  /** When the leader was last heard of: its lease on this node's vote runs from here. */
  leaderHeardMs: number;
  votes: Map<NodeId, boolean>;
  /** This election was asked for by the leader (transfer). */
  campaignTransfer: boolean;

  /** Of a leader; empty otherwise. Peers only, not the node itself. */
  progress: Map<NodeId, Progress>;
  /** Index of the no-op this leader began with: once committed, it is ready. */
  termStartIndex: number;
  heartbeatDueMs: number;
  quorumDueMs: number;
  round: number;
  readRound: ReadRound | undefined;
  /** Reads that wait for the next round. */
  waitingReads: number[];
  handover: { readonly to: NodeId; readonly deadlineMs: number; sent: boolean } | undefined;

  incoming: IncomingSnapshot | undefined;
  effects: Effect[];
}

/** @param now monotonic ms; an election is not due before one election timeout from it */
export function createState(options: CoreOptions, recovered: Recovered, now: number, random: number): RaftState {
  const { hardState, base, entries, snapshot } = recovered;
  invariant(options.voters.includes(options.id), `node ${options.id} is not among the voters`);
  const appliedIndex = snapshot?.index ?? 0;
  const log = new RaftLog(base, entries);
  invariant(base.index <= appliedIndex, `the log begins after ${base.index}, the snapshot ends at ${appliedIndex}`);
  invariant(appliedIndex <= log.lastIndex, `the log ends at ${log.lastIndex}, before the snapshot ${appliedIndex}`);
  return {
    options,
    id: options.id,
    voters: options.voters,
    role: 'follower',
    term: hardState.term,
    votedFor: hardState.votedFor,
    leaderId: undefined,
    log,
    commitIndex: appliedIndex,
    appliedIndex,
    snapshot,
    now,
    random,
    // Who is alone has nobody to wait for.
    electionDeadlineMs: now + (options.voters.length === 1 ? 0 : options.electionTimeoutMs * (1 + random)),
    leaderHeardMs: Number.NEGATIVE_INFINITY,
    votes: new Map(),
    campaignTransfer: false,
    progress: new Map(),
    termStartIndex: 0,
    heartbeatDueMs: 0,
    quorumDueMs: 0,
    round: 0,
    readRound: undefined,
    waitingReads: [],
    handover: undefined,
    incoming: undefined,
    effects: [],
  };
}

/** One to two election timeouts from now; drawn anew each time, so that two candidates do not collide for ever. */
export function resetElectionDeadline(state: RaftState): void {
  state.electionDeadlineMs = state.now + state.options.electionTimeoutMs * (1 + state.random);
}

/** Whether the leader's lease on this node's vote still runs (Raft thesis 4.2.3): then nobody else gets it. */
export function leaseHolds(state: RaftState): boolean {
  if (state.role === 'leader') return true; // CheckQuorum takes it away in time
  return state.leaderId !== undefined && state.now - state.leaderHeardMs < state.options.electionTimeoutMs;
}

/** Whether it leads and has committed an entry of its own term, so knows what is committed. */
export function isReady(state: RaftState): boolean {
  return state.role === 'leader' && state.commitIndex >= state.termStartIndex;
}

export function emit(state: RaftState, effect: Effect): void {
  state.effects.push(effect);
}

export function persist(state: RaftState, batch: Partial<WriteBatch>): void {
  emit(state, { kind: 'persist', batch: { entries: [], ...batch } });
}

export function hardStateOf(state: RaftState): HardState {
  return { term: state.term, votedFor: state.votedFor };
}

/**
 * Falls back to follower; a higher term is taken over (and persisted), its vote still free. What only a leader has goes:
 * reads that wait fail, a handover ends.
 */
export function becomeFollower(state: RaftState, term: number, leaderId: NodeId | undefined): void {
  invariant(term >= state.term, `term ${term} after ${state.term}`);
  const wasLeader = state.role === 'leader';
  if (term > state.term) {
    state.term = term;
    state.votedFor = undefined;
    persist(state, { hardState: hardStateOf(state) });
  }
  state.role = 'follower';
  state.leaderId = leaderId;
  state.votes = new Map();
  if (wasLeader) leaveLeadership(state);
  if (wasLeader || leaderId !== undefined) resetElectionDeadline(state);
}

function leaveLeadership(state: RaftState): void {
  state.progress = new Map();
  for (const id of [...(state.readRound?.ids ?? []), ...state.waitingReads]) emit(state, { kind: 'read-failed', id });
  state.readRound = undefined;
  state.waitingReads = [];
  if (state.handover !== undefined) {
    emit(state, { kind: 'transfer-ended', because: state.handover.sent ? 'handed-over' : 'not-leader' });
    state.handover = undefined;
  }
}
