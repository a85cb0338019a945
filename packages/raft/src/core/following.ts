import { invariant } from '../errors';
import { commitTo } from './commit';
import { noteAppended, noteTruncated } from './membership';
import type { AppendRequest, AppendResponse, Heartbeat, HeartbeatResponse } from './message';
import { becomeFollower, emit, persist, resetElectionDeadline, type RaftState } from './state';
import type { Entry, NodeId } from './types';

/** A message of the leader of this term: follow it, and let its lease run anew. */
export function followLeader(state: RaftState, leaderId: NodeId): void {
  invariant(state.role !== 'leader', `two leaders in term ${state.term}: ${leaderId} and ${state.id}`);
  invariant(
    state.leaderId === undefined || state.leaderId === leaderId,
    `two leaders in term ${state.term}: ${leaderId} and ${String(state.leaderId)}`,
  );
  if (state.role !== 'follower' || state.leaderId === undefined) becomeFollower(state, state.term, leaderId);
  else resetElectionDeadline(state);
  state.leaderHeardMs = state.now;
}

export function handleAppend(state: RaftState, from: NodeId, request: AppendRequest): void {
  followLeader(state, from);
  const { prevIndex, prevTerm, entries } = request;
  if (prevIndex < state.commitIndex) {
    // Old news: all up to the commit index is known to match.
    return answer(state, from, { accepted: true, index: state.commitIndex, hintIndex: 0, hintTerm: 0 });
  }
  if (state.log.termAt(prevIndex) !== prevTerm) {
    const hint = state.log.lastNotAbove(prevIndex, prevTerm);
    return answer(state, from, { accepted: false, index: prevIndex, hintIndex: hint.index, hintTerm: hint.term });
  }
  take(state, entries);
  const matched = prevIndex + entries.length;
  // Above `matched` this log may hold what the leader does not have.
  commitTo(state, Math.min(request.commitIndex, matched));
  answer(state, from, { accepted: true, index: matched, hintIndex: 0, hintTerm: 0 });
}

/** Appends what is new; only a real conflict cuts, for a late message must not take back what a newer one brought. */
function take(state: RaftState, entries: readonly Entry[]): void {
  const fresh = entries.findIndex((entry) => state.log.termAt(entry.index) !== entry.term);
  if (fresh === -1) return;
  const news = entries.slice(fresh);
  const first = (news[0] as Entry).index;
  invariant(first > state.commitIndex, `entry ${first} conflicts with a committed one (commit ${state.commitIndex})`);
  if (first <= state.log.lastIndex) {
    state.log.truncateAfter(first - 1);
    noteTruncated(state, first - 1);
  }
  state.log.append(news);
  noteAppended(state, news);
  persist(state, { truncateAfter: first - 1, entries: news });
}

function answer(state: RaftState, to: NodeId, what: Omit<AppendResponse, 'kind' | 'term'>): void {
  const message: AppendResponse = { kind: 'append-response', term: state.term, ...what };
  emit(state, { kind: 'send', to, message, after: 'persist' });
}

/**
 * Answered without waiting for the disk: a busy disk is not a dead node, and the answer promises nothing about it. Only
 * the term must be there, for the answer is also a promise not to vote for anybody else for a while, and who starts with
 * no term on its disk takes itself for one who never promised anything.
 */
export function handleHeartbeat(state: RaftState, from: NodeId, heartbeat: Heartbeat): void {
  followLeader(state, from);
  invariant(
    heartbeat.commitIndex <= state.log.lastIndex,
    `the leader knows ${heartbeat.commitIndex} entries to be durable here, but the log ends at ${state.log.lastIndex}: was the disk replaced?`,
  );
  commitTo(state, heartbeat.commitIndex);
  const message: HeartbeatResponse = { kind: 'heartbeat-response', term: state.term, round: heartbeat.round };
  emit(state, { kind: 'send', to: from, message, after: state.durableTerm === state.term ? 'now' : 'persist' });
}

/** The sender leads a past term: it learns so from the term of this refusal. */
export function refuseStale(state: RaftState, to: NodeId): void {
  answer(state, to, { accepted: false, index: 0, hintIndex: 0, hintTerm: 0 });
}
