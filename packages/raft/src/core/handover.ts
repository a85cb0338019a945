import { startElection } from './election';
import { sendAppends } from './replication';
import { mayLead } from './membership';
import { emit, sendTimeoutNow, type RaftState } from './state';
import type { NodeId } from './types';

/**
 * Leadership transfer (Raft thesis 3.10): bring the successor up to date, then tell it to start an election at once.
 * Meanwhile nothing is proposed. Given up after one election timeout.
 */
export function handleTransfer(state: RaftState, to: NodeId | undefined): void {
  if (state.role !== 'leader') return emit(state, { kind: 'transfer-ended', because: 'not-leader' });
  if (state.handover !== undefined) emit(state, { kind: 'transfer-ended', because: 'timeout' });
  state.handover = undefined;
  const successor = to ?? bestSuccessor(state);
  if (successor === state.id) return emit(state, { kind: 'transfer-ended', because: 'handed-over' });
  const progress = successor === undefined ? undefined : state.progress.get(successor);
  if (successor === undefined || progress === undefined || !state.configuration.voters.includes(successor)) {
    return emit(state, { kind: 'transfer-ended', because: 'no-successor' });
  }
  state.handover = { to: successor, deadlineMs: state.now + state.options.electionTimeoutMs, sent: false };
  sendAppends(state, successor, progress);
  continueHandover(state);
}

/** The voter that has most of the log among those heard of lately. */
export function bestSuccessor(state: RaftState): NodeId | undefined {
  let best: NodeId | undefined;
  let bestMatch = -1;
  for (const [id, progress] of state.progress) {
    const alive = state.now - progress.heardMs < state.options.electionTimeoutMs;
    if (alive && progress.matchIndex > bestMatch && state.configuration.voters.includes(id)) {
      best = id;
      bestMatch = progress.matchIndex;
    }
  }
  return best;
}

export function continueHandover(state: RaftState): void {
  const { handover } = state;
  if (handover === undefined || handover.sent) return;
  if (state.progress.get(handover.to)?.matchIndex !== state.log.lastIndex) return;
  handover.sent = true;
  sendTimeoutNow(state, handover.to);
}

export function expireHandover(state: RaftState): void {
  if (state.handover === undefined || state.now < state.handover.deadlineMs) return;
  state.handover = undefined;
  emit(state, { kind: 'transfer-ended', because: 'timeout' });
}

/** The leader hands over to this node. */
export function handleTimeoutNow(state: RaftState): void {
  if (state.role === 'follower' && mayLead(state)) startElection(state, true);
}
