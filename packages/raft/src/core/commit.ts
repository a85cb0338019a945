import { launchReads } from './reading';
import { quorumIndex } from './quorum';
import { emit, type RaftState } from './state';

/**
 * What a majority holds durably is committed, if it is of the leader's own term: an older entry on a majority can still
 * be overwritten (Raft 5.4.2, figure 8) and is committed only by one of this term above it.
 * @returns whether the commit index moved
 */
export function advanceCommit(state: RaftState): boolean {
  const index = quorumIndex(state.configuration, (id) => matchOf(state, id));
  if (index <= state.commitIndex) return false;
  if (state.log.termAt(index) !== state.term) return false;
  commitTo(state, index);
  launchReads(state);
  return true;
}

/** The leader counts itself by what is on its disk, not by what it has in memory. */
function matchOf(state: RaftState, id: string): number {
  return id === state.id ? state.log.stableIndex : (state.progress.get(id)?.matchIndex ?? 0);
}

/** Hands everything up to `index` to the state machine. Never goes back. */
export function commitTo(state: RaftState, index: number): void {
  if (index <= state.commitIndex) return;
  state.commitIndex = index;
  const entries = state.log.range(state.appliedIndex, index);
  state.appliedIndex = index;
  emit(state, { kind: 'apply', entries });
}
