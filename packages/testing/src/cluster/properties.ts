import type { SimulatedClusterOptions } from './options';

/** RocketMQ's properties, as they would stand in the files of a real cluster. */
export type NodeProperties = Readonly<Record<string, string>>;

export const NAMESRV_PORT = 9876;
export const CONTROLLER_PORT = 9877;
/** Raft has a port of its own here: FramedTransport does not share one with requests. */
export const RAFT_PORT = 9977;
export const BROKER_PORT = 10911;
export const BROKER_NAME = 'broker-a';
export const CLUSTER_NAME = 'DefaultCluster';

/**
 * Everything that waits waits an eighth or so of its default, so that a failure is noticed, and a scenario over, in a
 * few virtual seconds. The proportions are the defaults'.
 */
const quickBroker: NodeProperties = {
  brokerHeartbeatInterval: '250',
  sendHeartbeatTimeoutMillis: '300',
  controllerHeartBeatTimeoutMills: '1500',
  syncBrokerMetadataPeriod: '700',
  checkSyncStateSetPeriod: '500',
  syncControllerMetadataPeriod: '900',
  haSendHeartbeatInterval: '500',
  haHousekeepingInterval: '2000',
  haMaxTimeSlaveNotCatchup: '1500',
  slaveTimeout: '1000',
  registerNameServerPeriod: '10000',
};

const quickController: NodeProperties = {
  jRaftElectionTimeoutMs: '500',
  scanNotActiveBrokerInterval: '300',
  scanInactiveMasterInterval: '400',
};

/** Small files, so that a few hundred messages fill several. */
const smallFiles: NodeProperties = {
  mappedFileSizeCommitLog: '16384',
  mappedFileSizeConsumeQueue: '1200',
  maxMessageSize: '8192',
  maxHashSlotNum: '64',
  maxIndexNum: '256',
};

export function namesrvProperties(options: SimulatedClusterOptions): NodeProperties {
  return {
    listenPort: String(NAMESRV_PORT),
    kvConfigPath: '/namesrv/kvConfig.json',
    configStorePath: '/namesrv/namesrv.properties',
    ...options.namesrvProperties,
  };
}

export function controllerProperties(
  options: SimulatedClusterOptions,
  selfId: string,
  peers: readonly { id: string; address: string }[],
): NodeProperties {
  return {
    controllerDLegerGroup: 'group1',
    controllerDLegerPeers: peers.map(({ id, address }) => `${id}-${address}:${CONTROLLER_PORT}`).join(';'),
    controllerDLegerSelfId: selfId,
    controllerStorePath: '/controller',
    enableElectUncleanMaster: 'false',
    notifyBrokerRoleChanged: 'true',
    ...(options.pace === 'default' ? {} : quickController),
    ...options.controllerProperties,
  };
}

export function brokerProperties(
  options: SimulatedClusterOptions,
  address: string,
  cluster: { namesrvAddress: string; controllerAddress: string },
): NodeProperties {
  return {
    brokerClusterName: CLUSTER_NAME,
    brokerName: BROKER_NAME,
    brokerId: '-1',
    brokerRole: 'SLAVE',
    enableControllerMode: 'true',
    controllerAddr: cluster.controllerAddress,
    namesrvAddr: cluster.namesrvAddress,
    allAckInSyncStateSet: 'true',
    listenPort: String(BROKER_PORT),
    brokerIP1: address,
    brokerIP2: address,
    storePathRootDir: '/store',
    ...smallFiles,
    ...(options.pace === 'default' ? {} : quickBroker),
    ...options.brokerProperties,
  };
}
