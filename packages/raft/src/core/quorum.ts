import type { NodeId } from './types';

/** How many of `size` voters are a majority. */
export function majority(size: number): number {
  return Math.floor(size / 2) + 1;
}

/** The highest index that a majority of voters has reached. */
export function quorumIndex(voters: readonly NodeId[], indexOf: (id: NodeId) => number): number {
  const reached = voters.map(indexOf).sort((a, b) => b - a);
  return reached[majority(voters.length) - 1] ?? 0;
}

export type VoteVerdict = 'won' | 'lost' | 'pending';

/** Where an election stands: won once a majority granted, lost once a majority cannot be reached any more. */
export function countVotes(voters: readonly NodeId[], votes: ReadonlyMap<NodeId, boolean>): VoteVerdict {
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
