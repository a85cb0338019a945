import type { Configuration, NodeId } from './types';

/** Every count of a majority is made here. In a joint configuration both halves must agree (Raft thesis 4.3). */
type Voters = Pick<Configuration, 'voters' | 'outgoing'>;

/** How many of `size` voters are a majority. */
export function majority(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** The highest value that a majority of voters has reached. Learners do not count. */
export function quorumIndex({ voters, outgoing }: Voters, indexOf: (id: NodeId) => number): number {
  const index = reachedBy(voters, indexOf);
  return outgoing.length === 0 ? index : Math.min(index, reachedBy(outgoing, indexOf));
}

function reachedBy(voters: readonly NodeId[], indexOf: (id: NodeId) => number): number {
  const reached = voters.map(indexOf).sort((a, b) => b - a);
  return reached[majority(voters.length) - 1] ?? 0;
}

/** Whether `holds` is true of a majority. */
export function hasQuorum({ voters, outgoing }: Voters, holds: (id: NodeId) => boolean): boolean {
  return holdsFor(voters, holds) && (outgoing.length === 0 || holdsFor(outgoing, holds));
}

function holdsFor(voters: readonly NodeId[], holds: (id: NodeId) => boolean): boolean {
  let count = 0;
  for (const id of voters) if (holds(id)) count++;
  return count >= majority(voters.length);
}

export type VoteVerdict = 'won' | 'lost' | 'pending';

/** Where an election stands: won once a majority granted, lost once a majority cannot be reached any more. */
export function countVotes({ voters, outgoing }: Voters, votes: ReadonlyMap<NodeId, boolean>): VoteVerdict {
  const verdict = countHalf(voters, votes);
  if (outgoing.length === 0 || verdict === 'lost') return verdict;
  const other = countHalf(outgoing, votes);
  return verdict === 'won' ? other : other === 'lost' ? 'lost' : 'pending';
}

function countHalf(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteVerdict {
  let granted = 0;
  let refused = 0;
  for (const id of voters) {
    const vote = votes.get(id);
    if (vote === true) granted++;
    else if (vote === false) refused++;
  }
  const needed = majority(voters.length);
  if (granted >= needed) return 'won';
  return voters.length - refused < needed ? 'lost' : 'pending';
}
