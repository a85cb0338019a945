/** One broker of a set. Its id is its identity for ever; its address may change. */
export interface Member {
  readonly brokerId: number;
  /** `ip:port` as the broker gave it last. */
  readonly address: string;
  /** `ip:port;ms` shown when the id was applied for; tells a repeated application from another broker's. */
  readonly registerCheckCode: string;
  /** Elected, it asks for its office once more before it acknowledges anything; only our brokers do. */
  readonly confirmsMastership?: boolean;
}

/**
 * All brokers with one brokerName, as the replicated state has it. Values are replaced, never changed.
 *
 * Invariants: a master is a member, in `syncStateSet` and in `electorate`; these hold members only, ascending; both epochs never
 * fall while the set exists; `highestBrokerId` is at least every id ever given.
 * @source BrokerReplicaInfo, SyncStateInfo (controller.md 4.1)
 */
export interface BrokerSet {
  /** Of the first broker that applied; fixed from then on. */
  readonly clusterName: string;
  readonly brokerName: string;
  /** The next id is one higher, also after ids were taken out of turn or cleaned (controller.md 15.22). */
  readonly highestBrokerId: number;
  readonly members: ReadonlyMap<number, Member>;
  readonly masterBrokerId: number | undefined;
  /** 0: there never was a master. */
  readonly masterEpoch: number;
  /** The members that hold all that the confirm offset promises. */
  readonly syncStateSet: readonly number[];
  readonly syncStateSetEpoch: number;
  /**
   * The SyncStateSet from which the present master was elected, while it has not confirmed its office: so far it has
   * acknowledged nothing, and each of these may be elected in its place.
   */
  readonly electorate?: readonly number[] | undefined;
  /**
   * Who left the SyncStateSet with an unsynced tail lost while nobody served. When all of a set have lost theirs, the best
   * of the remains is the best there is.
   */
  readonly doubtful?: readonly number[] | undefined;
}

export type BrokerSets = ReadonlyMap<string, BrokerSet>;

/** The address of the recorded master; undefined without one. */
export function masterAddressOf(set: BrokerSet): string | undefined {
  return set.masterBrokerId === undefined ? undefined : set.members.get(set.masterBrokerId)?.address;
}

/** Whose logs hold everything acknowledged: from them the next master is elected. */
export function candidatesOf(set: BrokerSet): readonly number[] {
  return set.electorate ?? set.syncStateSet;
}

/** Why `next` may not follow `previous`, or undefined when it may. */
export function brokenInvariant(previous: BrokerSet | undefined, next: BrokerSet): string | undefined {
  const { masterBrokerId, members, syncStateSet, electorate } = next;
  if (masterBrokerId !== undefined && !members.has(masterBrokerId)) return `master ${masterBrokerId} is not a member`;
  if (masterBrokerId !== undefined && !syncStateSet.includes(masterBrokerId)) {
    return `master ${masterBrokerId} is not in the SyncStateSet`;
  }
  if (!syncStateSet.every((id) => members.has(id))) return 'the SyncStateSet has strangers';
  if (electorate?.every((id) => members.has(id)) === false) return 'the electorate has strangers';
  if (electorate !== undefined && masterBrokerId === undefined) return 'an electorate without an elected master';
  if (previous === undefined) return undefined;
  if (next.masterEpoch < previous.masterEpoch) return 'the master epoch falls';
  if (next.syncStateSetEpoch < previous.syncStateSetEpoch) return 'the SyncStateSet epoch falls';
  if (next.highestBrokerId < previous.highestBrokerId) return 'a broker id could be given twice';
  if (next.masterBrokerId !== previous.masterBrokerId && next.masterEpoch === previous.masterEpoch) {
    return 'two masters in one epoch';
  }
  return undefined;
}
