import { broadcastHeartbeat } from './leading';
import { quorumIndex } from './quorum';
import { emit, isReady, type RaftState } from './state';

/**
 * ReadIndex (Raft thesis 6.4): a read may be made once a majority confirmed, after it was asked for, that this node
 * still leads; what was committed then is in the state machine. Reads that come while a round is out share the next.
 */
export function handleRead(state: RaftState, id: number, byLease: boolean): void {
  if (state.role !== 'leader') return emit(state, { kind: 'read-failed', id });
  if (byLease && isReady(state) && state.now < leaseEndMs(state)) return emit(state, { kind: 'read-ready', id });
  state.waitingReads.push(id);
  launchReads(state);
}

/** Starts a round when none is out. Before its first commit a new leader does not know what is committed: reads wait. */
export function launchReads(state: RaftState): void {
  if (state.readRound !== undefined || state.waitingReads.length === 0 || !isReady(state)) return;
  broadcastHeartbeat(state);
  state.readRound = { round: state.round, ids: state.waitingReads };
  state.waitingReads = [];
  confirmReads(state);
}

export function confirmReads(state: RaftState): void {
  const { readRound } = state;
  if (readRound === undefined) return;
  const confirmed = quorumIndex(state.configuration, (id) =>
    id === state.id ? state.round : (state.progress.get(id)?.round ?? 0),
  );
  if (confirmed < readRound.round) return;
  for (const id of readRound.ids) emit(state, { kind: 'read-ready', id });
  state.readRound = undefined;
  launchReads(state);
}

/**
 * Until when nobody else can lead (Raft thesis 6.4.1). Whoever answered a heartbeat votes for nobody else for an election
 * timeout by its own clock, from no earlier than when the heartbeat was sent, and keeps to it through restarts. With
 * clocks that run fast or slow by at most `maxClockDrift`, its timeout may pass in 1 / (1 + drift) of the true time, while
 * only 1 - drift of the true time passes here. The one exception is an election that a leader itself asked for.
 */
export function leaseEndMs(state: RaftState): number {
  if (state.leaseForfeited) return Number.NEGATIVE_INFINITY;
  const { electionTimeoutMs, maxClockDrift } = state.options;
  const confirmedMs = quorumIndex(state.configuration, (id) =>
    id === state.id ? state.now : (state.progress.get(id)?.confirmedMs ?? Number.NEGATIVE_INFINITY),
  );
  return confirmedMs + (electionTimeoutMs * (1 - maxClockDrift)) / (1 + maxClockDrift);
}
