import { choice, flag, int, long, optionalText } from '../key-spec';
import { controllerDecides, noDLedger, unusedInRocketMq } from './no-effect';

/** Replication; part of the store's keys. @source MessageStoreConfig */
export const haKeys = {
  brokerRole: choice(['ASYNC_MASTER', 'SYNC_MASTER', 'SLAVE'], 'ASYNC_MASTER', {
    doc: 'role outside controller mode; in it the controller decides',
  }),
  haListenPort: int(0, {
    max: 65535,
    unit: 'port',
    shown: 'listenPort + 1',
    doc: 'where slaves connect; 0 or less: listenPort + 1',
  }),
  haMasterAddress: optionalText({ doc: "master's HA address, outside controller mode" }),
  haSendHeartbeatInterval: int(5000, { min: 1, unit: 'ms', doc: 'longest silence on an HA connection' }),
  haHousekeepingInterval: int(20000, { min: 1, unit: 'ms', doc: 'silence after which an HA connection is closed' }),
  haTransferBatchSize: int(32768, { min: 1, unit: 'B', doc: 'log bytes in one HA frame' }),
  haMaxGapNotInSync: int(256 * 1024 ** 2, {
    ...controllerDecides,
    min: 0,
    unit: 'B',
    doc: 'lag up to which a slave counts as in sync',
  }),
  haMaxTimeSlaveNotCatchup: long(15000, {
    min: 1,
    unit: 'ms',
    doc: 'how long a slave may lag before it leaves the SyncStateSet',
  }),
  haFlowControlEnable: flag(false, { doc: 'limits the rate of replication' }),
  maxHaTransferByteInSecond: long(100 * 1024 ** 2, { min: 1, unit: 'B/s', doc: 'that limit' }),
  slaveTimeout: int(3000, { min: 0, unit: 'ms', doc: 'how long a send waits for replicas' }),
  totalReplicas: int(1, { ...controllerDecides, min: 0, unit: 'replicas', doc: 'replicas of a group' }),
  inSyncReplicas: int(1, {
    min: 0,
    unit: 'replicas',
    doc: 'replicas, master included, that a send waits for without allAckInSyncStateSet',
  }),
  minInSyncReplicas: int(1, { min: 0, unit: 'replicas', doc: 'with fewer in the SyncStateSet sends are refused' }),
  allAckInSyncStateSet: flag(false, { doc: 'a send waits for every member of the SyncStateSet' }),
  enableAutoInSyncReplicas: flag(false, { ...controllerDecides, doc: 'waits for fewer replicas when fewer are there' }),
  syncMasterFlushOffsetWhenStartup: flag(false, {
    ...controllerDecides,
    doc: "cuts a slave to the master's flushed offset at its start",
  }),
  syncFromLastFile: flag(false, { doc: "an empty slave starts at the master's last file instead of its first" }),
  asyncLearner: flag(false, { doc: 'this replica never joins the SyncStateSet' }),
  maxChecksumRange: long(1024 ** 3, { ...controllerDecides, unit: 'B', doc: 'log bytes compared when a slave joins' }),
  maxSlaveResendLength: long(256 * 1024 ** 2, { ...unusedInRocketMq, unit: 'B', doc: 'log bytes sent again' }),
  duplicationEnable: flag(false, {
    doc: 'dispatch only up to a confirm offset that slaves set; not with controller mode',
  }),
  storePathEpochFile: optionalText({
    shown: '`<storePathRootDir>/epochFileCheckpoint`',
    doc: 'file of the master epochs',
  }),
  storePathBrokerIdentity: optionalText({
    shown: '`<storePathRootDir>/brokerIdentity`',
    doc: 'file of the id that the controller gave',
  }),
  enableDLegerCommitLog: flag(false, { doc: 'DLedger commit log; not supported' }),
  storePathDLedgerCommitLog: optionalText({ ...noDLedger, doc: 'directory of the DLedger commit log' }),
  dLegerGroup: optionalText({ ...noDLedger, doc: 'group of the DLedger commit log' }),
  dLegerPeers: optionalText({ ...noDLedger, doc: 'peers of the DLedger commit log' }),
  dLegerSelfId: optionalText({ ...noDLedger, doc: 'own id in the DLedger commit log' }),
  preferredLeaderId: optionalText({ ...noDLedger, doc: 'preferred leader of the DLedger commit log' }),
  enableBatchPush: flag(false, { ...noDLedger, doc: 'batches in the DLedger commit log' }),
};
