import { advanceCommit } from './commit';
import { continueHandover } from './handover';
import type { AppendResponse } from './message';
import type { Progress } from './progress';
import { sendSnapshot } from './snapshot';
import { emit, persist, type RaftState } from './state';
import type { Entry, NodeId } from './types';

/** Takes proposals into the leader's log and on their way to disk and followers at once. */
export function propose(state: RaftState, data: readonly Buffer[]): void {
  if (state.role !== 'leader') return emit(state, { kind: 'refused', because: 'not-leader' });
  if (state.handover !== undefined) return emit(state, { kind: 'refused', because: 'transferring' });
  const firstIndex = state.log.lastIndex + 1;
  const entries = data.map((bytes, i): Entry => ({
    index: firstIndex + i,
    term: state.term,
    kind: 'data',
    data: bytes,
  }));
  state.log.append(entries);
  emit(state, { kind: 'proposed', firstIndex });
  persist(state, { truncateAfter: firstIndex - 1, entries });
  broadcastAppend(state);
}

export function broadcastAppend(state: RaftState): void {
  for (const [id, progress] of state.progress) sendAppends(state, id, progress);
}

/** Sends what the follower lacks, as far as its mode and the messages in flight allow. */
export function sendAppends(state: RaftState, to: NodeId, progress: Progress): void {
  while (progress.nextIndex <= state.log.lastIndex && canSend(state, progress)) {
    if (!sendAppend(state, to, progress)) return;
  }
}

function canSend(state: RaftState, progress: Progress): boolean {
  switch (progress.mode) {
    case 'probe':
      return !progress.probing;
    case 'replicate':
      return progress.inFlight.length < state.options.maxInFlight;
    case 'snapshot':
      return false;
    default:
      return progress.mode satisfies never;
  }
}

/** One append from `nextIndex` on. @returns false when the follower needs a snapshot instead */
function sendAppend(state: RaftState, to: NodeId, progress: Progress, empty = false): boolean {
  const prevIndex = progress.nextIndex - 1;
  const prevTerm = state.log.termAt(prevIndex);
  if (prevTerm === undefined) {
    sendSnapshot(state, to, progress);
    return false;
  }
  const entries = empty ? [] : state.log.slice(progress.nextIndex, state.options.maxAppendBytes);
  if (progress.mode === 'probe') {
    progress.probing = true;
  } else if (entries.length > 0) {
    progress.nextIndex += entries.length;
    progress.inFlight.push(progress.nextIndex - 1);
  }
  const { term, commitIndex } = state;
  progress.commitSent = commitIndex;
  const message = { kind: 'append', term, prevIndex, prevTerm, entries, commitIndex } as const;
  emit(state, { kind: 'send', to, message, after: 'now' });
  return true;
}

export function handleAppendResponse(state: RaftState, from: NodeId, response: AppendResponse): void {
  const progress = state.progress.get(from);
  if (progress === undefined) return;
  progress.heardMs = state.now;
  if (response.accepted) accepted(state, from, progress, response.index);
  else rejected(state, from, progress, response);
}

function accepted(state: RaftState, from: NodeId, progress: Progress, index: number): void {
  const news = progress.advance(index);
  if (progress.mode === 'probe') {
    // An answer that only repeats what is known may be to an older message; it still ends the probe: both agree there.
    if (index === progress.matchIndex) progress.becomeReplicate();
  } else if (progress.mode === 'snapshot' && progress.matchIndex >= state.log.base.index) {
    progress.becomeReplicate(); // the log caught up by another way
  }
  const moved = news && advanceCommit(state);
  sendAppends(state, from, progress);
  if (moved) for (const [id, other] of state.progress) announceCommit(state, id, other);
  else announceCommit(state, from, progress);
  continueHandover(state);
}

/**
 * Followers learn the commit index with the next append. One that has everything would wait for the next heartbeat: it
 * is told at once, so that its state is not stale for longer than needed.
 */
function announceCommit(state: RaftState, to: NodeId, progress: Progress): void {
  const idle = progress.mode === 'replicate' && progress.inFlight.length === 0;
  if (!idle || progress.nextIndex <= state.log.lastIndex || progress.commitSent >= state.commitIndex) return;
  sendAppend(state, to, progress, true);
}

function rejected(state: RaftState, from: NodeId, progress: Progress, response: AppendResponse): void {
  if (progress.mode === 'snapshot') return;
  // Late: it has acknowledged that by now. (Should its disk have been replaced, it stays behind, without a storm.)
  if (response.index <= progress.matchIndex) return;
  if (progress.mode === 'probe' && response.index !== progress.nextIndex - 1) return; // answers an older probe
  progress.becomeProbe(nextTry(state, response));
  sendAppends(state, from, progress);
}

/** Raft 5.3, end: skips whole terms. Where the follower's hint and this log can agree at best. */
function nextTry(state: RaftState, response: AppendResponse): number {
  const agree = state.log.lastNotAbove(response.hintIndex, response.hintTerm).index;
  return Math.max(1, Math.min(agree + 1, response.index));
}

/**
 * The follower is alive: find out whether something was lost on the way. In replicate an empty append does, by its
 * rejection; should only answers have been lost, its acceptance makes up for them.
 */
export function nudge(state: RaftState, to: NodeId, progress: Progress): void {
  if (progress.mode === 'snapshot') return;
  progress.probing = false;
  if (progress.matchIndex >= state.log.lastIndex) return;
  sendAppend(state, to, progress, progress.mode === 'replicate');
}

/** What is in flight may be lost: find out where the follower stands, one message at a time. */
export function handleUnreachable(state: RaftState, peer: NodeId): void {
  const progress = state.progress.get(peer);
  if (progress?.mode === 'replicate') progress.becomeProbe(progress.matchIndex + 1);
}
