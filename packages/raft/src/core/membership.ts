import { decodeConfiguration, encodeConfiguration } from '../proto/configuration';
import { changed, isJoint, isVoter, left, memberIds, type MembershipChange } from './configuration';
import { bestSuccessor } from './handover';
import { Progress } from './progress';
import { broadcastAppend } from './replication';
import { becomeFollower, emit, isReady, persist, sendTimeoutNow, type RaftState } from './state';
import type { Configuration, Entry, NodeId, Snapshot } from './types';

/**
 * Whether this node may stand for election. Also one that the newest configuration leaves out, as long as that is not
 * committed: it may be the only one to have it, and those who lack it would wait for its vote for ever (thesis 4.2.2).
 */
export function mayLead({ id, configuration, configurations, commitIndex }: RaftState): boolean {
  if (isVoter(configuration, id)) return true;
  const before = configurations.at(-2);
  return configuration.index > commitIndex && before !== undefined && isVoter(before, id);
}

/** Configurations among entries that were just put into the log are in force from now on (Raft thesis 4.1). */
export function noteAppended(state: RaftState, entries: readonly Entry[]): void {
  for (const { kind, data, index } of entries) {
    if (kind === 'config') state.configurations.push(decodeConfiguration(data, index));
  }
  adopt(state);
}

/** Configurations of entries that were cut off the log are not in force any more: the one before them is. */
export function noteTruncated(state: RaftState, after: number): void {
  const { configurations } = state;
  while (configurations.length > 1 && (configurations.at(-1) as Configuration).index > after) configurations.pop();
  adopt(state);
}

/** A snapshot replaced the log: up to its index, when what comes after it stays, else the whole of it. */
export function noteInstalled(state: RaftState, { index, configuration }: Snapshot, tailStays: boolean): void {
  const atIndex = configuration ?? configurationAt(state, index);
  const tail = tailStays ? state.configurations.filter((later) => later.index > index) : [];
  state.configurations = [atIndex, ...tail];
  adopt(state);
}

/** The one in force at `index`, which is committed. */
export function configurationAt({ configurations }: RaftState, index: number): Configuration {
  let found = configurations[0] as Configuration;
  for (const configuration of configurations) if (configuration.index <= index) found = configuration;
  return found;
}

/** Those that may be in force in the group, newest first: the one in this log and, until that is committed, the one before. */
export function possibleConfigurations({ configurations, configuration, commitIndex }: RaftState): Configuration[] {
  const before = configuration.index > commitIndex ? configurations.at(-2) : undefined;
  return before === undefined ? [configuration] : [configuration, before];
}

/** What lies below a committed one is not needed any more: nothing committed is ever cut off. */
function prune(state: RaftState): void {
  const { configurations, commitIndex } = state;
  const keepFrom = Math.min(commitIndex, state.snapshot?.index ?? 0);
  while (configurations.length > 1 && (configurations[1] as Configuration).index <= keepFrom) configurations.shift();
}

function adopt(state: RaftState): void {
  prune(state);
  const configuration = state.configurations.at(-1) as Configuration;
  if (configuration === state.configuration) return;
  state.configuration = configuration;
  // The last entry as a probe finds out at once what a new one has.
  if (state.role === 'leader') followMembers(state, Math.max(1, state.log.lastIndex));
  emit(state, { kind: 'configured', configuration });
}

/**
 * A leader's book has a page for every other member, and for nobody else.
 * @param nextIndex from which entry on those get the log of whom nothing is known
 */
export function followMembers(state: RaftState, nextIndex: number): void {
  const ids = memberIds(state.configuration);
  for (const id of state.progress.keys()) if (!ids.includes(id)) state.progress.delete(id);
  for (const id of ids) {
    if (id === state.id || state.progress.has(id)) continue;
    state.progress.set(id, new Progress(nextIndex, state.now));
  }
}

/**
 * Changes the members. One change at a time, and not before an entry of this leader's own term is committed: without
 * that, two leaders could each change on their own what the other does not know of (the bug of the thesis' 4.1, found in
 * 2015).
 */
export function handleChange(state: RaftState, change: MembershipChange): void {
  const because = refusalOf(state);
  if (because !== undefined) return emit(state, { kind: 'change-refused', because });
  const next = changed(state.configuration, change, state.log.lastIndex + 1);
  if (next === undefined) return emit(state, { kind: 'change-accepted', index: state.configuration.index });
  if (next.voters.length === 0) return emit(state, { kind: 'change-refused', because: 'no-voters' });
  if (!next.voters.every((id) => isCaughtUp(state, id))) {
    return emit(state, { kind: 'change-refused', because: 'not-caught-up' });
  }
  emit(state, { kind: 'change-accepted', index: next.index });
  appendConfiguration(state, next);
}

function refusalOf(state: RaftState): 'not-leader' | 'transferring' | 'not-ready' | 'in-progress' | undefined {
  if (state.role !== 'leader') return 'not-leader';
  if (state.handover !== undefined) return 'transferring';
  if (!isReady(state)) return 'not-ready';
  const { configuration, commitIndex } = state;
  return isJoint(configuration) || configuration.index > commitIndex ? 'in-progress' : undefined;
}

/** Who votes already does; a learner may when it is alive and lacks little: the group could soon need it for a majority. */
function isCaughtUp(state: RaftState, id: NodeId): boolean {
  if (id === state.id || state.configuration.voters.includes(id)) return true;
  const progress = state.progress.get(id);
  if (progress === undefined || progress.mode === 'snapshot') return false;
  const alive = state.now - progress.heardMs < state.options.electionTimeoutMs;
  return alive && progress.matchIndex + state.options.maxPromotionLag >= state.commitIndex;
}

function appendConfiguration(state: RaftState, configuration: Configuration): void {
  const { index } = configuration;
  const entry: Entry = { index, term: state.term, kind: 'config', data: encodeConfiguration(configuration) };
  state.log.append([entry]);
  persist(state, { truncateAfter: index - 1, entries: [entry] });
  // Before who goes is forgotten: the last that it hears is that it went. Should that be lost, it will not matter.
  broadcastAppend(state);
  noteAppended(state, [entry]);
  broadcastAppend(state);
}

/**
 * After each step of a leader: once a joint configuration is committed the leader leaves it, whoever began it; once one
 * without its own vote is committed, the leader has done its duty and leaves office, not without a word to a successor.
 */
export function settleMembership(state: RaftState): void {
  const { configuration } = state;
  if (configuration.index > state.commitIndex || !isReady(state) || state.handover !== undefined) return;
  if (isJoint(configuration)) {
    appendConfiguration(state, left(configuration, state.log.lastIndex + 1));
  } else if (!configuration.voters.includes(state.id)) {
    const successor = bestSuccessor(state);
    if (successor !== undefined) sendTimeoutNow(state, successor);
    becomeFollower(state, state.term, undefined);
  }
}
