import { choice, flag, int, long, optionalText, text } from '../key-spec';
import { metricsKeys } from './metrics-keys';
import { noThreads } from './no-effect';

/** @source JraftConfig; the Helm chart of RocketMQ configures controllers with these */
export const jRaftKeys = {
  jRaftGroupId: text('jRaft-Controller', { doc: 'name of the Raft group' }),
  jRaftServerId: text('localhost:9880', { doc: 'own entry of jRaftInitConf' }),
  jRaftInitConf: text('localhost:9880,localhost:9881,localhost:9882', {
    doc: 'Raft addresses of all; here they are only names',
  }),
  jRaftControllerRPCAddr: text('localhost:9770,localhost:9771,localhost:9772', {
    doc: 'request addresses of all, in the order of jRaftInitConf; Raft shares them here',
  }),
  jRaftElectionTimeoutMs: int(1000, { min: 1, unit: 'ms', doc: 'silence of the leader that starts an election' }),
  jRaftSnapshotIntervalSecs: int(3600, { min: 1, unit: 's', doc: 'period of snapshots' }),
  jRaftScanWaitTimeoutMs: int(1000, { min: 1, unit: 'ms', doc: 'patience of a scan for silent brokers' }),
};

/** @source ControllerConfig */
export const controllerKeys = {
  rocketmqHome: optionalText(
    { shown: '`ROCKETMQ_HOME`', doc: 'home directory of the installation; not needed here' },
    (machine) => machine.rocketmqHome,
  ),
  controllerType: choice(['DLedger', 'jRaft'], 'DLedger', {
    otherwise: 'DLedger',
    doc: 'which keys name the peers; the consensus is our own Raft for both',
  }),
  controllerDLegerGroup: optionalText({ doc: 'name of the Raft group' }),
  controllerDLegerPeers: optionalText({ doc: 'all controllers, as id-host:port;id-host:port' }),
  controllerDLegerSelfId: optionalText({ doc: 'own id among the peers' }),
  controllerStorePath: optionalText({ shown: '`<home>/<controllerType>Controller`', doc: 'directory of the Raft log' }),
  mappedFileSize: int(1024 ** 3, {
    accepted: 'no effect',
    reason: 'the Raft log is in a LevelDB, not in files of one size',
    min: 1,
    unit: 'B',
    doc: 'size of a DLedger log file',
  }),
  electMasterMaxRetryCount: int(3, { min: 1, doc: 'attempts of one election that the controller starts' }),
  enableElectUncleanMaster: flag(false, {
    doc: 'lets replicas outside the SyncStateSet become master; may lose messages',
  }),
  notifyBrokerRoleChanged: flag(true, { doc: 'tells brokers of a new master at once' }),
  processReadEvent: flag(false, { doc: 'reads go through consensus; RocketMQ prints this key as isProcessReadEvent' }),
  scanNotActiveBrokerInterval: long(5000, { min: 1, unit: 'ms', doc: 'period of the search for silent brokers' }),
  scanInactiveMasterInterval: long(5000, {
    min: 1,
    unit: 'ms',
    doc: 'period of the search for groups without a living master',
  }),
  controllerThreadPoolNums: int(16, { ...noThreads, min: 1, doc: 'threads for requests' }),
  controllerRequestThreadPoolQueueCapacity: int(50000, { min: 1, unit: 'requests', doc: 'requests that may wait' }),
  configStorePath: text((machine) => `${machine.homeDir}/controller/controller.properties`, {
    shown: '`<home>/controller/controller.properties`',
    doc: 'where updates at run time are written; never read',
  }),
  configBlackList: text('configBlackList;configStorePath', { doc: 'keys that may not change at run time' }),
  ...metricsKeys,
  ...jRaftKeys,
};
