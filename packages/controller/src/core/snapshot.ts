import { ControllerError } from '../controller-error';
import type { BrokerSet, BrokerSets, Member } from './broker-set';

const VERSION = 1;

interface StoredSet extends Omit<BrokerSet, 'members'> {
  readonly members: readonly Member[];
}

/** All sets as JSON, in one fixed form: equal states have equal bytes. Readable by the same and later versions. */
export function encodeSnapshot(sets: BrokerSets): Buffer {
  const stored = [...sets.values()].map((set): StoredSet => ({
    clusterName: set.clusterName,
    brokerName: set.brokerName,
    highestBrokerId: set.highestBrokerId,
    members: [...set.members.values()],
    masterBrokerId: set.masterBrokerId,
    masterEpoch: set.masterEpoch,
    syncStateSet: set.syncStateSet,
    syncStateSetEpoch: set.syncStateSetEpoch,
    electorate: set.electorate,
    doubtful: set.doubtful,
  }));
  return Buffer.from(JSON.stringify({ v: VERSION, sets: stored }), 'utf8');
}

/** @throws ControllerError SNAPSHOT_UNREADABLE: better not started than started with half of the state */
export function decodeSnapshot(bytes: Buffer): Map<string, BrokerSet> {
  let content: { v: number; sets: StoredSet[] };
  try {
    content = JSON.parse(bytes.toString('utf8')) as { v: number; sets: StoredSet[] };
  } catch (cause) {
    throw new ControllerError('SNAPSHOT_UNREADABLE', `snapshot of ${bytes.length} B is not JSON`, { cause });
  }
  if (content.v !== VERSION) {
    throw new ControllerError('SNAPSHOT_UNREADABLE', `snapshot of version ${content.v}, expected ${VERSION}`, {
      hint: 'was it written by a newer controller?',
    });
  }
  const sets = new Map<string, BrokerSet>();
  for (const { members, ...set } of content.sets) {
    sets.set(set.brokerName, {
      ...set,
      masterBrokerId: set.masterBrokerId ?? undefined,
      members: new Map(members.map((member) => [member.brokerId, member])),
    });
  }
  return sets;
}
