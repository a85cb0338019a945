import { invariant } from '../errors';
import { followLeader } from './following';
import { configurationAt, noteInstalled } from './membership';
import type { SnapshotChunk, SnapshotResponse } from './message';
import type { Progress } from './progress';
import { sendAppends } from './replication';
import { emit, persist, type RaftState } from './state';
import type { NodeId, Snapshot } from './types';

/** The state machine's image after `index`: keep it, and drop the log below it but for a tail for slow followers. */
export function handleSnapshotTaken(state: RaftState, index: number, data: Buffer): void {
  if (index <= (state.snapshot?.index ?? 0)) return;
  invariant(index <= state.appliedIndex, `snapshot at ${index}, applied ${state.appliedIndex}`);
  const term = state.log.termAt(index);
  invariant(term !== undefined, `snapshot at ${index}, which the log does not have`);
  state.snapshot = { index, term, data, configuration: configurationAt(state, index) };
  const compactTo = Math.max(state.log.base.index, index - state.options.keepEntries);
  state.log.compact(compactTo);
  persist(state, { snapshot: state.snapshot, base: state.log.base });
}

/** The follower needs what is compacted: the newest snapshot goes out, chunk by chunk. */
export function sendSnapshot(state: RaftState, to: NodeId, progress: Progress): void {
  invariant(state.snapshot !== undefined, `the log begins after ${state.log.base.index} without a snapshot`);
  progress.becomeProbe(progress.nextIndex);
  progress.mode = 'snapshot';
  progress.transfer = { snapshot: state.snapshot, offset: 0, end: 0, sentMs: state.now };
  sendChunk(state, to, progress, 0);
}

function sendChunk(state: RaftState, to: NodeId, progress: Progress, offset: number): void {
  const { transfer } = progress;
  if (transfer === undefined) return;
  const { index, term, data, configuration } = transfer.snapshot;
  transfer.offset = offset;
  transfer.end = Math.min(data.length, offset + state.options.snapshotChunkBytes);
  transfer.sentMs = state.now;
  const message: SnapshotChunk = {
    kind: 'snapshot',
    term: state.term,
    index,
    snapshotTerm: term,
    offset,
    totalBytes: data.length,
    data: data.subarray(offset, transfer.end),
    configuration,
  };
  emit(state, { kind: 'send', to, message, after: 'now' });
}

/** The follower lives but the chunk got no answer for a while: once more. */
export function resendSnapshot(state: RaftState, to: NodeId, progress: Progress): void {
  const { transfer } = progress;
  if (transfer === undefined || state.now - transfer.sentMs < state.options.electionTimeoutMs / 2) return;
  sendChunk(state, to, progress, transfer.offset);
}

export function handleSnapshotResponse(state: RaftState, from: NodeId, response: SnapshotResponse): void {
  const progress = state.progress.get(from);
  if (progress === undefined) return;
  progress.heardMs = state.now;
  const { transfer } = progress;
  if (progress.mode !== 'snapshot' || transfer === undefined || response.index !== transfer.snapshot.index) return;
  if (response.installed) {
    progress.advance(transfer.snapshot.index);
    progress.becomeProbe(progress.matchIndex + 1);
    sendAppends(state, from, progress);
  } else if (response.offset !== transfer.offset && response.offset < transfer.snapshot.data.length) {
    // The next one; or an earlier one, when it was restarted and lost what it had. The one in flight: a late answer.
    sendChunk(state, from, progress, response.offset);
  }
}

export function handleSnapshotChunk(state: RaftState, from: NodeId, chunk: SnapshotChunk): void {
  followLeader(state, from);
  const { index, snapshotTerm: term, totalBytes } = chunk;
  if (index <= state.commitIndex) return answer(state, from, index, totalBytes, true);
  if (chunk.offset === 0 && !isPartOf(state, chunk)) {
    const { configuration } = chunk;
    state.incoming = { leaderTerm: state.term, index, configuration, bytes: Buffer.alloc(totalBytes), received: 0 };
  }
  const { incoming } = state;
  if (incoming === undefined || !isPartOf(state, chunk)) return answer(state, from, index, 0, false);
  if (chunk.offset === incoming.received && chunk.offset + chunk.data.length <= incoming.bytes.length) {
    chunk.data.copy(incoming.bytes, chunk.offset);
    incoming.received += chunk.data.length;
  }
  if (incoming.received < incoming.bytes.length) return answer(state, from, index, incoming.received, false);
  state.incoming = undefined;
  install(state, { index, term, data: incoming.bytes, configuration: incoming.configuration });
  answer(state, from, index, totalBytes, true);
}

/** Pieces of one leader only fit together: another's image of the same index may be other bytes for the same state. */
function isPartOf({ incoming, term }: RaftState, chunk: SnapshotChunk): boolean {
  return incoming?.index === chunk.index && incoming.leaderTerm === term && incoming.bytes.length === chunk.totalBytes;
}

/** Replaces everything up to the snapshot. A log that goes on after it in agreement keeps its tail (Raft 7). */
function install(state: RaftState, snapshot: Snapshot): void {
  const { index, term } = snapshot;
  const agrees = state.log.termAt(index) === term;
  if (agrees) state.log.compact(index);
  else state.log.reset({ index, term });
  state.snapshot = snapshot;
  state.commitIndex = index;
  state.appliedIndex = index;
  noteInstalled(state, snapshot, agrees);
  persist(state, { ...(agrees ? {} : { truncateAfter: index }), base: { index, term }, snapshot });
  emit(state, { kind: 'restore', snapshot });
}

function answer(state: RaftState, to: NodeId, index: number, offset: number, installed: boolean): void {
  const message: SnapshotResponse = { kind: 'snapshot-response', term: state.term, index, offset, installed };
  emit(state, { kind: 'send', to, message, after: 'persist' });
}
