import { advanceCommit } from './commit';
import type { Effect } from './effect';
import {
  askIfTheyWould,
  campaign,
  handleVoteRequest,
  handleVoteResponse,
  hastenElection,
  ownVoteDurable,
} from './election';
import type { Event, What } from './event';
import { handleAppend, handleHeartbeat, refuseStale } from './following';
import { handleTimeoutNow, handleTransfer } from './handover';
import { handleHeartbeatResponse, tickLeader } from './leading';
import { handleChange, settleMembership } from './membership';
import type { Message } from './message';
import { handleRead } from './reading';
import { handleAppendResponse, handleUnreachable, propose } from './replication';
import { handleSnapshotChunk, handleSnapshotResponse, handleSnapshotTaken } from './snapshot';
import { becomeFollower, emit, isReady, type RaftState } from './state';
import type { HardState, LogPoint, NodeId } from './types';

/**
 * The whole of Raft as one synchronous step: no clock, no I/O, no chance. Changes `state`, which has this one owner, and
 * returns what must be done, in order.
 * @throws RaftError INVARIANT when a rule of Raft is broken: the state must not be used any more
 */
export function step(state: RaftState, event: Event): Effect[] {
  state.now = event.now;
  state.random = event.random;
  const { role, term, leaderId } = state;
  const ready = isReady(state);
  handle(state, event.what);
  if (state.role === 'leader') settleMembership(state);
  if (role !== state.role || term !== state.term || leaderId !== state.leaderId || ready !== isReady(state)) {
    emit(state, { kind: 'status' });
  }
  const { effects } = state;
  state.effects = [];
  return effects;
}

/** When the next tick is due, in the time of the events. */
export function nextDeadlineMs(state: RaftState): number {
  if (state.role === 'pre-candidate') return Math.min(state.electionDeadlineMs, state.askAgainMs);
  if (state.role !== 'leader') return state.electionDeadlineMs;
  const due = Math.min(state.heartbeatDueMs, state.quorumDueMs);
  return state.handover === undefined ? due : Math.min(due, state.handover.deadlineMs);
}

function handle(state: RaftState, what: What): void {
  switch (what.kind) {
    case 'tick':
      return tick(state);
    case 'message':
      return handleMessage(state, what.from, what.message);
    case 'persisted':
      return handlePersisted(state, what.hardState, what.last);
    case 'propose':
      return propose(state, what.data);
    case 'read':
      return handleRead(state, what.id, what.byLease === true);
    case 'change':
      return handleChange(state, what.change);
    case 'transfer':
      return handleTransfer(state, what.to);
    case 'snapshot-taken':
      return handleSnapshotTaken(state, what.index, what.data);
    case 'unreachable':
      hastenElection(state, what.peer);
      return handleUnreachable(state, what.peer);
    default:
      return what satisfies never;
  }
}

function tick(state: RaftState): void {
  if (state.role === 'leader') tickLeader(state);
  else if (state.now >= state.electionDeadlineMs) campaign(state);
  else if (state.role === 'pre-candidate' && state.now >= state.askAgainMs) askIfTheyWould(state);
}

function handlePersisted(state: RaftState, hardState: HardState | undefined, last: LogPoint | undefined): void {
  if (last !== undefined && state.log.termAt(last.index) === last.term) {
    state.log.stableIndex = Math.max(state.log.stableIndex, last.index);
    if (state.role === 'leader') advanceCommit(state);
  }
  if (hardState === undefined) return;
  state.durableTerm = Math.max(state.durableTerm, hardState.term);
  ownVoteDurable(state, hardState.term, hardState.votedFor);
}

function handleMessage(state: RaftState, from: NodeId, message: Message): void {
  // Strangers are heard: who comes first to know of new members cannot be told by whom it is (Raft thesis 4.1).
  if (from === state.id) return;
  if (message.kind === 'vote') return handleVoteRequest(state, from, message);
  // But what a former member answers late, of whatever term, does not disturb a leader.
  if (state.role === 'leader' && !isFromLeader(message) && !state.progress.has(from)) return;
  if (message.term > state.term && !isPromise(message)) {
    becomeFollower(state, message.term, isFromLeader(message) ? from : undefined);
  } else if (message.term < state.term) {
    if (isFromLeader(message)) refuseStale(state, from);
    return;
  }
  dispatch(state, from, message);
}

/** A granted pre-vote carries the term it was asked for, which has not begun. */
function isPromise(message: Message): boolean {
  return message.kind === 'vote-response' && message.pre && message.granted;
}

function isFromLeader(message: Message): boolean {
  return message.kind === 'append' || message.kind === 'heartbeat' || message.kind === 'snapshot';
}

function dispatch(state: RaftState, from: NodeId, message: Exclude<Message, { kind: 'vote' }>): void {
  switch (message.kind) {
    case 'vote-response':
      return handleVoteResponse(state, from, message);
    case 'append':
      return handleAppend(state, from, message);
    case 'append-response':
      return handleAppendResponse(state, from, message);
    case 'heartbeat':
      return handleHeartbeat(state, from, message);
    case 'heartbeat-response':
      return handleHeartbeatResponse(state, from, message);
    case 'snapshot':
      return handleSnapshotChunk(state, from, message);
    case 'snapshot-response':
      return handleSnapshotResponse(state, from, message);
    case 'timeout-now':
      return handleTimeoutNow(state);
    default:
      return message satisfies never;
  }
}
