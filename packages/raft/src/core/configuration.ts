import type { Configuration, Member, NodeId } from './types';

/**
 * What is to change of the members; who is not named stays as it is. New voters come through being learners first, so
 * that a group never waits for one that has yet to catch up (Raft thesis 4.2.1).
 */
export interface MembershipChange {
  /** To be voters: learners that caught up; or voters that move to another address. */
  readonly voters?: readonly Member[];
  /** To be learners: new members, or voters that shall be voters no more. */
  readonly learners?: readonly Member[];
  readonly removed?: readonly NodeId[];
}

/** What a group begins with. */
export function foundedBy(founders: readonly Member[]): Configuration {
  const addresses = Object.fromEntries(founders.map(({ id, address }) => [id, address]));
  return { index: 0, voters: founders.map(({ id }) => id), outgoing: [], learners: [], addresses };
}

export function isJoint(configuration: Configuration): boolean {
  return configuration.outgoing.length > 0;
}

/** Whether its vote counts, in either half of a joint configuration. */
export function isVoter({ voters, outgoing }: Configuration, id: NodeId): boolean {
  return voters.includes(id) || outgoing.includes(id);
}

export function memberIds({ voters, outgoing, learners }: Configuration): NodeId[] {
  return [...new Set([...voters, ...outgoing, ...learners])];
}

/** Everybody who must be reached while it is in force. */
export function membersOf(configuration: Configuration): Member[] {
  return memberIds(configuration).map((id) => ({ id, address: configuration.addresses[id] ?? '' }));
}

/**
 * The configuration that a change leads to, to become entry `index`: at once, when at most one voter comes or goes, for
 * then any majority of before meets any of after (thesis 4.1); else jointly with the present voters (thesis 4.3).
 * @param now not joint
 * @returns undefined when everything is as wanted already
 */
export function changed(now: Configuration, change: MembershipChange, index: number): Configuration | undefined {
  const { voters: coming = [], learners: learning = [], removed = [] } = change;
  const named = new Set([...[...coming, ...learning].map(({ id }) => id), ...removed]);
  const stays = (id: NodeId): boolean => !named.has(id);
  const voters = withNew(now.voters, stays, coming);
  const learners = withNew(now.learners, stays, learning);
  const addresses: Record<NodeId, string> = { ...now.addresses };
  for (const { id, address } of [...coming, ...learning]) addresses[id] = address;
  for (const id of removed) if (!voters.includes(id) && !now.voters.includes(id)) delete addresses[id];
  if (sameIds(voters, now.voters) && sameIds(learners, now.learners) && sameAddresses(addresses, now.addresses)) {
    return undefined;
  }
  const steps = difference(voters, now.voters) + difference(now.voters, voters);
  const next = { index, voters, outgoing: steps > 1 ? now.voters : [], learners, addresses };
  return steps > 1 ? next : { ...next, addresses: onlyMembers(next) };
}

/** The end of a joint configuration: what comes is alone in force. */
export function left(joint: Configuration, index: number): Configuration {
  const next = { ...joint, index, outgoing: [] };
  return { ...next, addresses: onlyMembers(next) };
}

function withNew(ids: readonly NodeId[], stays: (id: NodeId) => boolean, coming: readonly Member[]): NodeId[] {
  const comingIds = coming.map(({ id }) => id);
  const kept = ids.filter((id) => stays(id) || comingIds.includes(id));
  return [...kept, ...new Set(comingIds.filter((id) => !kept.includes(id)))];
}

function onlyMembers(configuration: Configuration): Record<NodeId, string> {
  return Object.fromEntries(membersOf(configuration).map(({ id, address }) => [id, address]));
}

function difference(a: readonly NodeId[], b: readonly NodeId[]): number {
  return a.filter((id) => !b.includes(id)).length;
}

function sameIds(a: readonly NodeId[], b: readonly NodeId[]): boolean {
  return a.length === b.length && difference(a, b) === 0;
}

function sameAddresses(a: Readonly<Record<NodeId, string>>, b: Readonly<Record<NodeId, string>>): boolean {
  const ids = Object.keys(a);
  return ids.length === Object.keys(b).length && ids.every((id) => a[id] === b[id]);
}
