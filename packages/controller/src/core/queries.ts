import { ResponseCode, controllerHeaders } from '@batonmq/remoting';
import { masterAddressOf, type BrokerSet, type BrokerSets } from './broker-set';
import { syncStateSetBody, type Outcome } from './decision';

/** Who leads, dead or alive: the brokers' poll (controller.md 3.5). */
export function replicaInfo(set: BrokerSet | undefined): Outcome {
  if (set === undefined) {
    return { code: ResponseCode.CONTROLLER_BROKER_METADATA_NOT_EXIST, remark: 'Broker metadata is not existed' };
  }
  const { masterBrokerId, masterEpoch } = set;
  return {
    code: ResponseCode.SUCCESS,
    header: controllerHeaders.GetReplicaInfoResponse.encode({
      masterBrokerId,
      masterAddress: masterAddressOf(set),
      masterEpoch,
    }),
    body: syncStateSetBody(set),
  };
}

/** The id a new broker may apply for; nothing is reserved (controller.md 3.8). */
export function nextBrokerId(set: BrokerSet | undefined, clusterName: string | undefined, brokerName: string): Outcome {
  const header = controllerHeaders.GetNextBrokerIdResponse.encode({
    clusterName,
    brokerName,
    nextBrokerId: (set?.highestBrokerId ?? 0) + 1,
  });
  return { code: ResponseCode.SUCCESS, header };
}

/** Sets as operators look at them; unknown names are left out (controller.md 3.7). */
export function syncStateData(
  sets: BrokerSets,
  brokerNames: readonly string[],
  isAlive: (set: BrokerSet, brokerId: number) => boolean,
): Outcome {
  const replicasInfoTable = new Map<string, unknown>();
  for (const brokerName of brokerNames) {
    const set = sets.get(brokerName);
    if (set !== undefined) replicasInfoTable.set(brokerName, replicasOf(set, isAlive));
  }
  return { code: ResponseCode.SUCCESS, body: { replicasInfoTable } };
}

function replicasOf(set: BrokerSet, isAlive: (set: BrokerSet, brokerId: number) => boolean) {
  const replicas = [...set.members.values()].map(({ brokerId, address }) => ({
    alive: isAlive(set, brokerId),
    brokerAddress: address,
    brokerId,
    brokerName: set.brokerName,
  }));
  const inSync = ({ brokerId }: { brokerId: number }) => set.syncStateSet.includes(brokerId);
  return {
    inSyncReplicas: replicas.filter(inSync),
    masterAddress: masterAddressOf(set),
    masterBrokerId: set.masterBrokerId,
    masterEpoch: set.masterEpoch,
    notInSyncReplicas: replicas.filter((replica) => !inSync(replica)),
    syncStateSetEpoch: set.syncStateSetEpoch,
  };
}
