import type { Broker } from '@batonmq/broker';
import type { Host } from '@batonmq/host';
import type { Draw, SimulatedCluster } from '../../src';

/** A bug put into instances of production code, to see that the checkers bite. */
export interface Plant {
  readonly name: string;
  readonly plant?: (cluster: SimulatedCluster) => void;
  readonly adjust?: (drawn: Draw) => Draw;
  /** First seed, for what shows rarely; 1. */
  readonly from?: number;
  /** A checker, or another complaint, that has to notice it. */
  readonly noticedBy: RegExp;
}

const inBrokers =
  (plant: (broker: Broker, host: Host) => void) =>
  (cluster: SimulatedCluster): void => {
    for (const node of cluster.brokers) node.onCreated(plant);
  };

/** Machines that lose their power with what they have not synced, and come back at once. */
const powerLosses = (drawn: Draw): Draw => ({
  ...drawn,
  cluster: {
    ...drawn.cluster,
    brokerProperties: { ...drawn.cluster.brokerProperties, flushDiskType: 'ASYNC_FLUSH' },
  },
  faults: drawn.faults.map((planned, index) => {
    if (index % 2 !== 0) return planned;
    const target = planned.luck < 0.6 ? 'master' : 'replica';
    return { ...planned, fault: { kind: 'crash', target, downMs: planned.luck * 200, silent: index % 4 === 0 } };
  }),
});

type Replication = NonNullable<Broker['replication']>;

/** What of the set's account a plant gets hold of. */
interface SetAccount {
  acksOf(ids: readonly number[]): number[];
}

export const plants: readonly Plant[] = [
  {
    name: 'a member whose tail went with the power says nothing about it',
    adjust: powerLosses,
    plant: inBrokers(({ store }) => {
      store.log.unsyncedTailLost = () => false;
    }),
    noticedBy: /is lost$/,
  },
  {
    name: 'a word about the former process counts before the new one is registered',
    adjust: powerLosses,
    from: 101,
    plant: inBrokers(({ replication }) => {
      const { roles } = replication as unknown as { roles: { selfId: number; offer(word: unknown): void } };
      const { session } = replication as unknown as { session: { brokerId: number } };
      const offer = roles.offer.bind(roles);
      roles.offer = (word) => {
        if (roles.selfId < 0) roles.selfId = session.brokerId;
        offer(word);
      };
    }),
    noticedBy: /is lost$|replicas are identical/,
  },
  {
    name: 'the broker acknowledges before replicas have the message',
    plant: inBrokers(({ replication }) => {
      (replication as Replication).onReplicated = (_endOffset, callback) => callback('ok');
    }),
    noticedBy: /is lost$/,
  },
  {
    name: 'one replica of the set is enough for an acknowledgement',
    plant: inBrokers(({ replication }) => {
      const { set } = (replication as unknown as { mastership: { set: SetAccount } }).mastership;
      const acksOf = set.acksOf.bind(set);
      set.acksOf = (ids) => {
        const acks = acksOf(ids);
        return acks.length === 0 ? acks : [Math.max(...acks)];
      };
    }),
    noticedBy: /is lost$/,
  },
  {
    name: 'the controller elects outside the SyncStateSet',
    adjust: (drawn) => ({
      ...drawn,
      cluster: { ...drawn.cluster, controllerProperties: { enableElectUncleanMaster: 'true' } },
    }),
    noticedBy: /is lost$/,
  },
  {
    name: 'a deposed master does not cut its log',
    plant: inBrokers(({ store }) => {
      store.log.truncate = async () => {};
    }),
    noticedBy: /complete again|replicas are identical/,
  },
  {
    name: 'consumers read beyond the confirm offset',
    plant: inBrokers(({ store }) => {
      store.log.onAppended((end) => store.log.setConfirmOffset(end));
    }),
    noticedBy: /consumer saw only/,
  },
];
