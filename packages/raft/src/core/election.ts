import { invariant } from '../errors';
import { advanceCommit } from './commit';
import { isVoter, memberIds } from './configuration';
import { followMembers, mayLead } from './membership';
import { broadcastAppend } from './replication';
import type { VoteRequest, VoteResponse } from './message';
import { countVotes } from './quorum';
import { becomeFollower, emit, hardStateOf, leaseHolds, persist, resetElectionDeadline, type RaftState } from './state';
import type { NodeId } from './types';

/**
 * The election deadline passed: first asks whether a majority would vote for this node (PreVote), so that a node that
 * was cut off does not drive terms up and disturb a leader.
 */
export function campaign(state: RaftState): void {
  invariant(state.role !== 'leader', 'a leader does not campaign');
  state.leaderId = undefined;
  resetElectionDeadline(state);
  if (!mayLead(state)) return;
  state.role = 'pre-candidate';
  state.votes = new Map([[state.id, true]]);
  if (countVotes(state.configuration, state.votes) === 'won') return startElection(state, false);
  askIfTheyWould(state);
}

/**
 * Asks all who have not answered, again and again: a voter whose lease ends a moment later is silent the first time, and
 * should this node alone have the newest log the group would wait for another timeout. Nothing is promised by it.
 */
export function askIfTheyWould(state: RaftState): void {
  state.askAgainMs = state.now + state.options.heartbeatMs;
  askForVotes(state, { pre: true, transfer: false });
}

/** How much of the spread of election timeouts is left when the leader is likely dead. */
const HASTY_SPREAD = 0.25;

/**
 * What was sent to `peer` did not arrive. If that is the leader its process is likely gone, for sockets close with it:
 * this node stands soon after its lease, which everybody is bound by as before, and spares the group most of the spread.
 * Should the leader live, its next heartbeat makes up for it.
 */
export function hastenElection(state: RaftState, peer: NodeId): void {
  if (state.role !== 'follower' || state.leaderId !== peer) return;
  const soonMs = state.leaderHeardMs + state.options.electionTimeoutMs * (1 + state.electionSpread * HASTY_SPREAD);
  state.electionDeadlineMs = Math.min(state.electionDeadlineMs, soonMs);
}

/** Starts a term of its own. Its own vote counts, and others are asked, once it is durable. */
export function startElection(state: RaftState, transfer: boolean): void {
  state.role = 'candidate';
  state.leaderId = undefined;
  state.campaignTransfer = transfer;
  state.term += 1;
  state.votedFor = state.id;
  state.votes = new Map();
  resetElectionDeadline(state);
  persist(state, { hardState: hardStateOf(state) });
  askForVotes(state, { pre: false, transfer });
}

function askForVotes(state: RaftState, { pre, transfer }: { pre: boolean; transfer: boolean }): void {
  const { lastIndex, lastTerm } = state.log;
  const term = pre ? state.term + 1 : state.term;
  const message: VoteRequest = { kind: 'vote', term, pre, lastIndex, lastTerm, transfer };
  for (const to of memberIds(state.configuration)) {
    if (to !== state.id && isVoter(state.configuration, to) && !state.votes.has(to))
      emit(state, { kind: 'send', to, message, after: pre ? 'now' : 'persist' });
  }
}

/** This node's own vote is on its disk. */
export function ownVoteDurable(state: RaftState, term: number, votedFor: NodeId | undefined): void {
  if (state.role === 'candidate' && term === state.term && votedFor === state.id) recordVote(state, state.id, true);
}

export function handleVoteRequest(state: RaftState, from: NodeId, request: VoteRequest): void {
  if (leaseHolds(state) && !request.transfer) return; // a leader is in office; an answer would only feed a disturber
  if (!request.pre && request.term > state.term) becomeFollower(state, request.term, undefined);
  const granted = mayVote(state, from, request) && isUpToDate(state, request);
  if (granted && !request.pre) {
    state.votedFor = from;
    persist(state, { hardState: hardStateOf(state) });
    resetElectionDeadline(state);
  }
  // Two that stand at once would split the votes and wait for another timeout: the one with the lower id steps back.
  if (granted && request.pre && state.role === 'pre-candidate' && from > state.id) {
    becomeFollower(state, state.term, undefined);
  }
  const term = granted ? request.term : state.term;
  const message: VoteResponse = { kind: 'vote-response', term, pre: request.pre, granted };
  emit(state, { kind: 'send', to: from, message, after: 'persist' });
}

/** One vote a term; a pre-vote promises nothing, so any number of a later term. */
function mayVote(state: RaftState, from: NodeId, request: VoteRequest): boolean {
  if (request.pre) return request.term > state.term;
  if (request.term < state.term || state.leaderId !== undefined) return false;
  return state.votedFor === undefined || state.votedFor === from;
}

/** Raft 5.4.1: the later last term wins, then the longer log. */
function isUpToDate(state: RaftState, request: VoteRequest): boolean {
  if (request.lastTerm !== state.log.lastTerm) return request.lastTerm > state.log.lastTerm;
  return request.lastIndex >= state.log.lastIndex;
}

export function handleVoteResponse(state: RaftState, from: NodeId, response: VoteResponse): void {
  if (response.pre) {
    if (state.role !== 'pre-candidate') return;
    if (response.granted && response.term !== state.term + 1) return; // of an earlier round
  } else if (state.role !== 'candidate') {
    return;
  }
  recordVote(state, from, response.granted);
}

function recordVote(state: RaftState, from: NodeId, granted: boolean): void {
  if (!state.votes.has(from)) state.votes.set(from, granted);
  const verdict = countVotes(state.configuration, state.votes);
  if (verdict === 'lost') return becomeFollower(state, state.term, undefined);
  if (verdict === 'won') {
    if (state.role === 'pre-candidate') startElection(state, false);
    else becomeLeader(state);
  }
}

function becomeLeader(state: RaftState): void {
  state.role = 'leader';
  state.leaderId = state.id;
  state.progress = new Map();
  followMembers(state, state.log.lastIndex + 1);
  state.heartbeatDueMs = state.now + state.options.heartbeatMs;
  state.quorumDueMs = state.now + state.options.electionTimeoutMs;
  state.handover = undefined;
  state.leaseForfeited = false;
  // Entries of earlier terms are only committed through one of this term (Raft 5.4.2), so begin with one.
  const noop = { index: state.log.lastIndex + 1, term: state.term, kind: 'noop', data: NO_BYTES } as const;
  state.termStartIndex = noop.index;
  state.log.append([noop]);
  persist(state, { truncateAfter: noop.index - 1, entries: [noop] });
  broadcastAppend(state);
  advanceCommit(state);
}

const NO_BYTES = Buffer.alloc(0);
