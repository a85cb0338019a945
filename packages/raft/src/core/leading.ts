import { expireHandover } from './handover';
import type { HeartbeatResponse } from './message';
import { hasQuorum } from './quorum';
import { confirmReads } from './reading';
import { nudge } from './replication';
import { resendSnapshot } from './snapshot';
import { becomeFollower, emit, type RaftState } from './state';
import type { NodeId } from './types';

/** The leader's clockwork: heartbeats, and CheckQuorum (Raft thesis 6.2): without a majority it is no leader. */
export function tickLeader(state: RaftState): void {
  expireHandover(state);
  if (state.now >= state.quorumDueMs) {
    if (!hearsMajority(state)) return becomeFollower(state, state.term, undefined);
    state.quorumDueMs = state.now + state.options.electionTimeoutMs;
  }
  if (state.now >= state.heartbeatDueMs) broadcastHeartbeat(state);
}

/** An answer to a heartbeat that is older still confirms reads, but no lease: it would have run out anyway. */
const ROUNDS_KEPT = 64;

export function broadcastHeartbeat(state: RaftState): void {
  state.heartbeatDueMs = state.now + state.options.heartbeatMs;
  state.round += 1;
  state.roundSentMs[state.round % ROUNDS_KEPT] = state.now;
  const { term, round } = state;
  for (const [to, progress] of state.progress) {
    const commitIndex = Math.min(progress.matchIndex, state.commitIndex);
    emit(state, { kind: 'send', to, message: { kind: 'heartbeat', term, commitIndex, round }, after: 'now' });
  }
}

function hearsMajority(state: RaftState): boolean {
  const since = state.now - state.options.electionTimeoutMs;
  return hasQuorum(state.configuration, (id) => id === state.id || (state.progress.get(id)?.heardMs ?? 0) >= since);
}

export function handleHeartbeatResponse(state: RaftState, from: NodeId, response: HeartbeatResponse): void {
  const progress = state.progress.get(from);
  if (progress === undefined) return;
  progress.heardMs = state.now;
  if (response.round > progress.round) {
    progress.round = response.round;
    if (state.round - response.round < ROUNDS_KEPT) {
      progress.confirmedMs = state.roundSentMs[response.round % ROUNDS_KEPT] as number;
    }
    confirmReads(state);
  }
  if (progress.mode === 'snapshot') resendSnapshot(state, from, progress);
  else nudge(state, from, progress);
}
