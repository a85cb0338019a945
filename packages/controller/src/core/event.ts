import { candidatesOf, type BrokerSet, type Member } from './broker-set';

/** What an accepted request changes in one broker set (controller.md 4.2). */
export type Event =
  | {
      readonly kind: 'memberAdded';
      readonly clusterName: string;
      readonly brokerName: string;
      readonly member: Member;
    }
  | {
      readonly kind: 'memberUpdated';
      readonly brokerName: string;
      readonly brokerId: number;
      readonly address: string;
      readonly confirmsMastership: boolean;
    }
  | { readonly kind: 'syncStateSetAltered'; readonly brokerName: string; readonly syncStateSet: readonly number[] }
  /** Without a master: the former one lost its office and nobody could take it; the SyncStateSet stays as it is. */
  | {
      readonly kind: 'masterElected';
      readonly brokerName: string;
      readonly masterBrokerId: number | undefined;
      readonly masterEpoch: number;
      /** It will confirm: until then the office can go to another of those it was elected from. */
      readonly unconfirmed?: boolean;
    }
  /** The elected one is there and takes over, with a log that is on its disk. */
  | { readonly kind: 'masterConfirmed'; readonly brokerName: string }
  /** A member's machine lost power: it holds no longer all that the confirm offset promises. */
  | { readonly kind: 'tailLost'; readonly brokerName: string; readonly brokerId: number }
  /** Without ids the whole set goes. */
  | {
      readonly kind: 'brokerDataCleaned';
      readonly brokerName: string;
      readonly brokerIds: readonly number[] | undefined;
    };

/**
 * The set after the event; undefined: there is no such set any more. Never fails: an event for a set that has vanished
 * meanwhile leaves nothing (controller.md 15.25).
 */
export function applyEvent(set: BrokerSet | undefined, event: Event): BrokerSet | undefined {
  switch (event.kind) {
    case 'memberAdded':
      return withMember(set ?? emptySet(event.clusterName, event.brokerName), event.member);
    case 'memberUpdated': {
      const member = set?.members.get(event.brokerId);
      if (set === undefined || member === undefined) return set;
      const { address, confirmsMastership } = event;
      return withMember(set, { ...member, address, confirmsMastership });
    }
    case 'syncStateSetAltered':
      return set && withSyncStateSet(confirmed(set), event.syncStateSet);
    case 'masterElected': {
      if (set === undefined) return undefined;
      const { masterBrokerId, masterEpoch, unconfirmed } = event;
      if (masterBrokerId === undefined) return { ...vacant(set), masterEpoch };
      const electorate = unconfirmed === true ? candidatesOf(set) : undefined;
      return withSyncStateSet({ ...set, masterBrokerId, masterEpoch, electorate }, [masterBrokerId]);
    }
    case 'masterConfirmed':
      return set && confirmed(set);
    case 'tailLost':
      return set && withoutTail(set, event.brokerId);
    case 'brokerDataCleaned':
      return event.brokerIds === undefined || set === undefined ? undefined : without(set, event.brokerIds);
    default:
      return event satisfies never;
  }
}

function emptySet(clusterName: string, brokerName: string): BrokerSet {
  return {
    clusterName,
    brokerName,
    highestBrokerId: 0,
    members: new Map(),
    masterBrokerId: undefined,
    masterEpoch: 0,
    syncStateSet: [],
    syncStateSetEpoch: 0,
  };
}

function withMember(set: BrokerSet, member: Member): BrokerSet {
  return {
    ...set,
    highestBrokerId: Math.max(set.highestBrokerId, member.brokerId),
    members: new Map(set.members).set(member.brokerId, member),
  };
}

function withSyncStateSet(set: BrokerSet, ids: readonly number[]): BrokerSet {
  return { ...set, syncStateSet: ascending(ids), syncStateSetEpoch: set.syncStateSetEpoch + 1 };
}

/** Somebody serves: what others once had to offer counts no more. */
function confirmed(set: BrokerSet): BrokerSet {
  return { ...set, electorate: undefined, doubtful: undefined };
}

/** Nobody serves, and the set is again what it was before the last unconfirmed election. */
function vacant(set: BrokerSet): BrokerSet {
  const next = { ...set, masterBrokerId: undefined, electorate: undefined };
  return set.electorate === undefined ? next : withSyncStateSet(next, set.electorate);
}

function withCandidates(set: BrokerSet, ids: readonly number[]): BrokerSet {
  return set.electorate === undefined ? withSyncStateSet(set, ids) : { ...set, electorate: ascending(ids) };
}

/** The last one stays: then all of the set have lost their tails, and those who left before are as good as it is. */
function withoutTail(set: BrokerSet, brokerId: number): BrokerSet {
  const candidates = candidatesOf(set);
  if (!candidates.includes(brokerId)) return set;
  const rest = candidates.filter((id) => id !== brokerId);
  const lost = ascending([...(set.doubtful ?? []), brokerId]);
  if (rest.length === 0) return { ...withCandidates(set, lost), doubtful: undefined };
  const served = set.masterBrokerId !== undefined && set.electorate === undefined;
  return { ...withCandidates(set, rest), doubtful: served ? undefined : lost };
}

/**
 * Both epochs move with what they describe, which the reference does not do: otherwise a master would never learn that
 * its set was changed, nor slaves that their master was cleaned away (controller.md 15.21).
 */
function without(set: BrokerSet, brokerIds: readonly number[]): BrokerSet | undefined {
  const members = new Map(set.members);
  for (const id of brokerIds) members.delete(id);
  if (members.size === 0) return undefined;
  const present = (ids: readonly number[] | undefined) => ids?.filter((id) => members.has(id));
  const masterGone = set.masterBrokerId !== undefined && !members.has(set.masterBrokerId);
  const base = masterGone ? { ...vacant(set), masterEpoch: set.masterEpoch + 1 } : set;
  const next = { ...base, members, electorate: present(base.electorate), doubtful: present(base.doubtful) };
  const left = next.syncStateSet.filter((id) => members.has(id));
  // Whoever removes the last one that may have everything says that the others have to do.
  if (left.length === 0 && next.doubtful?.length) {
    return { ...withSyncStateSet(next, next.doubtful), doubtful: undefined };
  }
  return left.length < next.syncStateSet.length ? withSyncStateSet(next, left) : next;
}

/** Each id once, in ascending order. */
export function ascending(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1));
}
