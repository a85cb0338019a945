import { invariant } from '../errors';
import { decodeConfiguration } from '../proto/configuration';
import { foundedBy } from './configuration';
import type { Effect } from './effect';
import { RaftLog } from './log';
import { Progress } from './progress';
import type { Configuration, HardState, Member, NodeId, Recovered, Snapshot, WriteBatch } from './types';

export type Role = 'follower' | 'pre-candidate' | 'candidate' | 'leader';

export interface CoreOptions {
  readonly id: NodeId;
  /**
   * The voters the group was founded with: in force until the log says otherwise, the same list on each. Without this node
   * when it is to be added to a group that runs.
   */
  readonly founders: readonly Member[];
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
  /** A learner may become a voter when it lacks at most so many committed entries. */
  readonly maxPromotionLag: number;
  /**
   * By what share a clock of the group may at most run fast or slow (0.01: one per cent): leases of the leader are that
   * much shorter, so that a read by lease is never stale. The same on each member.
   */
  readonly maxClockDrift: number;
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
  readonly configuration: Configuration | undefined;
  readonly bytes: Buffer;
  received: number;
}

export interface RaftState {
  readonly options: CoreOptions;
  readonly id: NodeId;
  /** The newest in the log (or the snapshot, or the founders'): every count of a majority goes through this. */
  configuration: Configuration;
  /** By index; the last is `configuration`, the first the one at the snapshot, to fall back to when the log is cut. */
  configurations: Configuration[];
  role: Role;
  term: number;
  votedFor: NodeId | undefined;
  /** The term on the disk. */
  durableTerm: number;
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
  /** What was drawn for it, in [0, 1). */
  electionSpread: number;
  /** When a leader was last heard of, of whatever term: its lease on this node's vote runs from here. */
  leaderHeardMs: number;
  votes: Map<NodeId, boolean>;
  /** Of a pre-candidate: when it asks those again who did not answer. */
  askAgainMs: number;
  /** This election was asked for by the leader (transfer). */
  campaignTransfer: boolean;

  /** Of a leader; empty otherwise. Peers only, not the node itself. */
  progress: Map<NodeId, Progress>;
  /** Index of the no-op this leader began with: once committed, it is ready. */
  termStartIndex: number;
  heartbeatDueMs: number;
  quorumDueMs: number;
  /** Counts the heartbeats of this leader; each asks whether it still is one. */
  round: number;
  /** When the last ROUNDS_KEPT of them were sent, by `round % ROUNDS_KEPT`. */
  readonly roundSentMs: number[];
  /** It told somebody to stand for election, regardless of leases: it cannot rely on them in this term any more. */
  leaseForfeited: boolean;
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
  const appliedIndex = snapshot?.index ?? 0;
  const log = new RaftLog(base, entries);
  invariant(base.index <= appliedIndex, `the log begins after ${base.index}, the snapshot ends at ${appliedIndex}`);
  invariant(appliedIndex <= log.lastIndex, `the log ends at ${log.lastIndex}, before the snapshot ${appliedIndex}`);
  const configurations = recoveredConfigurations(options, recovered);
  const configuration = configurations[configurations.length - 1] as Configuration;
  // Not who became the only voter: it may have lent its vote to the leader that made it so, and is bound by that lease.
  const isAlone = configuration.index === 0 && configuration.voters.join() === options.id;
  return {
    options,
    id: options.id,
    configuration,
    configurations,
    role: 'follower',
    term: hardState.term,
    votedFor: hardState.votedFor,
    durableTerm: hardState.term,
    leaderId: undefined,
    log,
    commitIndex: appliedIndex,
    appliedIndex,
    snapshot,
    now,
    random,
    // Who has always been alone has nobody to wait for.
    electionDeadlineMs: now + (isAlone ? 0 : options.electionTimeoutMs * (1 + random)),
    electionSpread: random,
    // It may have heard of a leader just before it stopped, and has to keep what it promised it: its lease.
    leaderHeardMs: hardState.term > 0 ? now : Number.NEGATIVE_INFINITY,
    votes: new Map(),
    askAgainMs: 0,
    campaignTransfer: false,
    progress: new Map(),
    termStartIndex: 0,
    heartbeatDueMs: 0,
    quorumDueMs: 0,
    round: 0,
    roundSentMs: [],
    leaseForfeited: false,
    readRound: undefined,
    waitingReads: [],
    handover: undefined,
    incoming: undefined,
    effects: [],
  };
}

function recoveredConfigurations(options: CoreOptions, { entries, snapshot }: Recovered): Configuration[] {
  const configurations = [snapshot?.configuration ?? foundedBy(options.founders)];
  for (const { kind, index, data } of entries) {
    if (kind === 'config' && index > (snapshot?.index ?? 0)) configurations.push(decodeConfiguration(data, index));
  }
  return configurations;
}

/** One to two election timeouts from now; drawn anew each time, so that two candidates do not collide for ever. */
export function resetElectionDeadline(state: RaftState): void {
  state.electionSpread = state.random;
  state.electionDeadlineMs = state.now + state.options.electionTimeoutMs * (1 + state.random);
}

/**
 * Whether a leader's lease on this node's vote still runs (Raft thesis 4.2.3): then nobody else gets it. Also when this
 * node has learned of a later term since, or was restarted: the leader relies on it for reads.
 */
export function leaseHolds(state: RaftState): boolean {
  if (state.role === 'leader') return true; // CheckQuorum takes it away in time
  return state.now - state.leaderHeardMs < state.options.electionTimeoutMs;
}

/** Whether it leads and has committed an entry of its own term, so knows what is committed. */
export function isReady(state: RaftState): boolean {
  return state.role === 'leader' && state.commitIndex >= state.termStartIndex;
}

export function emit(state: RaftState, effect: Effect): void {
  state.effects.push(effect);
}

/** Tells `to` to stand for election at once, whatever leases run: from here on this leader cannot rely on them. */
export function sendTimeoutNow(state: RaftState, to: NodeId): void {
  state.leaseForfeited = true;
  emit(state, { kind: 'send', to, message: { kind: 'timeout-now', term: state.term }, after: 'now' });
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
