import type { BrokerSet, Member } from './broker-set';

/** What an accepted request changes in one broker set (controller.md 4.2). */
export type Event =
  | {
      readonly kind: 'memberAdded';
      readonly clusterName: string;
      readonly brokerName: string;
      readonly member: Member;
    }
  | {
      readonly kind: 'addressUpdated';
      readonly brokerName: string;
      readonly brokerId: number;
      readonly address: string;
    }
  | { readonly kind: 'syncStateSetAltered'; readonly brokerName: string; readonly syncStateSet: readonly number[] }
  /** Without a master: the former one lost its office and nobody could take it; the SyncStateSet stays as it is. */
  | {
      readonly kind: 'masterElected';
      readonly brokerName: string;
      readonly masterBrokerId: number | undefined;
      readonly masterEpoch: number;
    }
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
    case 'addressUpdated': {
      const member = set?.members.get(event.brokerId);
      if (set === undefined || member === undefined) return set;
      return withMember(set, { ...member, address: event.address });
    }
    case 'syncStateSetAltered':
      return set && withSyncStateSet(set, event.syncStateSet);
    case 'masterElected': {
      if (set === undefined) return undefined;
      const { masterBrokerId, masterEpoch } = event;
      const next = { ...set, masterBrokerId, masterEpoch };
      return masterBrokerId === undefined ? next : withSyncStateSet(next, [masterBrokerId]);
    }
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

/**
 * Both epochs move with what they describe, which the reference does not do: otherwise a master would never learn that
 * its set was changed, nor slaves that their master was cleaned away (controller.md 15.21).
 */
function without(set: BrokerSet, brokerIds: readonly number[]): BrokerSet | undefined {
  const members = new Map(set.members);
  for (const id of brokerIds) members.delete(id);
  if (members.size === 0) return undefined;
  let next: BrokerSet = { ...set, members };
  const left = set.syncStateSet.filter((id) => members.has(id));
  if (left.length < set.syncStateSet.length) next = withSyncStateSet(next, left);
  const masterGone = set.masterBrokerId !== undefined && !members.has(set.masterBrokerId);
  return masterGone ? { ...next, masterBrokerId: undefined, masterEpoch: set.masterEpoch + 1 } : next;
}

/** Each id once, in ascending order. */
export function ascending(ids: readonly number[]): number[] {
  return [...new Set(ids)].sort((a, b) => (a < b ? -1 : 1));
}
