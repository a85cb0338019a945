import type { BrokerSet, LiveView } from '../src';
import { LOWEST_PRIORITY } from '../src/core/liveness-table';

export const CLUSTER = 'DefaultCluster';
export const NAME = 'broker-a';

export const addressOf = (id: number): string => `10.0.0.${id}:10911`;
export const checkCodeOf = (id: number): string => `${addressOf(id)};1700000000000`;

/** Members 1, 2, 3; SyncStateSet {1,2} of epoch 4; master 1 of epoch 2: the set of controller.md 5.4. */
export function brokerSet(
  change: Partial<Omit<BrokerSet, 'members'>> & { readonly members?: number[] } = {},
): BrokerSet {
  const { members = [1, 2, 3], ...rest } = change;
  return {
    clusterName: CLUSTER,
    brokerName: NAME,
    highestBrokerId: Math.max(0, ...members),
    members: new Map(
      members.map((id) => [id, { brokerId: id, address: addressOf(id), registerCheckCode: checkCodeOf(id) }]),
    ),
    masterBrokerId: 1,
    masterEpoch: 2,
    syncStateSet: [1, 2],
    syncStateSetEpoch: 4,
    ...rest,
  };
}

type Live = number | { id: number; epoch?: number; maxOffset?: number; priority?: number; cluster?: string };

/** Who is alive; plain ids have epoch 2 and offset 100. */
export function liveView(alive: readonly Live[], change: Partial<Omit<LiveView, 'alive'>> = {}): LiveView {
  return {
    alive: alive.map((item) => {
      const {
        id,
        epoch = 2,
        maxOffset = 100,
        priority = LOWEST_PRIORITY,
        cluster = CLUSTER,
      } = typeof item === 'number' ? { id: item } : item;
      return { clusterName: cluster, brokerId: id, epoch, maxOffset, electionPriority: priority };
    }),
    lost: [],
    listening: false,
    ...change,
  };
}
