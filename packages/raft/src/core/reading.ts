import { broadcastHeartbeat } from './leading';
import { quorumIndex } from './quorum';
import { emit, isReady, type RaftState } from './state';

/**
 * ReadIndex (Raft thesis 6.4): a read may be made once a majority confirmed, after it was asked for, that this node
 * still leads; what was committed then is in the state machine. Reads that come while a round is out share the next.
 */
export function handleRead(state: RaftState, id: number): void {
  if (state.role !== 'leader') return emit(state, { kind: 'read-failed', id });
  state.waitingReads.push(id);
  launchReads(state);
}

/** Starts a round when none is out. Before its first commit a new leader does not know what is committed: reads wait. */
export function launchReads(state: RaftState): void {
  if (state.readRound !== undefined || state.waitingReads.length === 0 || !isReady(state)) return;
  state.round += 1;
  state.readRound = { round: state.round, ids: state.waitingReads };
  state.waitingReads = [];
  if (state.progress.size > 0) broadcastHeartbeat(state);
  confirmReads(state);
}

export function confirmReads(state: RaftState): void {
  const { readRound } = state;
  if (readRound === undefined) return;
  const confirmed = quorumIndex(state.voters, (id) =>
    id === state.id ? state.round : (state.progress.get(id)?.round ?? 0),
  );
  if (confirmed < readRound.round) return;
  for (const id of readRound.ids) emit(state, { kind: 'read-ready', id });
  state.readRound = undefined;
  launchReads(state);
}
