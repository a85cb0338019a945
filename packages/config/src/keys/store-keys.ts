import { choice, flag, int, long, optionalText, ratio, text } from '../key-spec';
import { haKeys } from './ha-keys';
import { noBitMaps, noLocks, noMmap, noRocksDb, noThreads, unusedInRocketMq } from './no-effect';
import { timerKeys } from './timer-keys';

const placeKeys = {
  storePathRootDir: text((machine) => `${machine.homeDir}/store`, {
    shown: '`<home>/store`',
    doc: 'directory of all that the store keeps',
  }),
  storePathCommitLog: optionalText({
    shown: '`<storePathRootDir>/commitlog`',
    doc: 'directory of the commit log; several with commas',
  }),
  readOnlyCommitLogStorePaths: optionalText({ doc: 'commit log directories that are only read; several with commas' }),
  storeType: choice(['default', 'defaultRocksDB'], 'default', {
    ...noRocksDb,
    otherwise: 'default',
    doc: 'where consume queues are kept',
  }),
};

const sizeKeys = {
  mappedFileSizeCommitLog: int(1024 ** 3, { min: 1, unit: 'B', doc: 'size of a commit log file; fixed once written' }),
  mappedFileSizeConsumeQueue: int(6000000, {
    min: 20,
    unit: 'B',
    doc: 'size of a consume queue file; rounded up to units of 20',
  }),
  mappedFileSizeConsumeQueueExt: int(48 * 1024 ** 2, { min: 1, unit: 'B', doc: 'size of a consumequeue_ext file' }),
  mapperFileSizeBatchConsumeQueue: int(13800000, { min: 46, unit: 'B', doc: 'size of a batch consume queue file' }),
  maxHashSlotNum: int(5000000, { min: 1, unit: 'slots', doc: 'hash slots of an index file' }),
  maxIndexNum: int(20000000, { min: 2, unit: 'entries', doc: 'entries of an index file' }),
  maxMessageSize: int(4 * 1024 ** 2, { min: 1, unit: 'B', doc: 'largest body of a message' }),
  maxTopicLength: int(127, { ...unusedInRocketMq, doc: 'longest topic name' }),
  autoMessageVersionOnTopicLen: flag(true, { doc: 'records with a two-byte topic length for long topics' }),
  enabledAppendPropCRC: flag(false, { doc: 'puts the CRC of each record into its properties' }),
  forceVerifyPropCRC: flag(false, { doc: 'believes that CRC, where a record has one, when the log is read again' }),
  enableConsumeQueueExt: flag(false, { doc: 'consume queue units refer to consumequeue_ext for their tags codes' }),
  bitMapLengthConsumeQueueExt: int(64, { ...noBitMaps, min: 0, unit: 'bits', doc: 'length of such a bit map' }),
};

const flushKeys = {
  flushDiskType: choice(['ASYNC_FLUSH', 'SYNC_FLUSH'], 'ASYNC_FLUSH', { doc: 'whether a send waits for the disk' }),
  syncFlushTimeout: int(5000, { min: 1, unit: 'ms', doc: 'how long such a send waits' }),
  flushIntervalCommitLog: int(500, { min: 1, unit: 'ms', doc: 'period of commit log syncs with ASYNC_FLUSH' }),
  flushCommitLogLeastPages: int(4, { min: 0, unit: 'pages', doc: 'a sync waits for so much to be written' }),
  flushCommitLogThoroughInterval: int(10000, { min: 1, unit: 'ms', doc: 'period of syncs that wait for nothing' }),
  flushCommitLogTimed: flag(true, { ...noThreads, doc: 'the flush thread sleeps instead of waiting' }),
  wakeFlushWhenPutMessage: flag(false, { ...noThreads, doc: 'a put wakes the flush thread' }),
  wakeCommitWhenPutMessage: flag(true, { ...noThreads, doc: 'a put wakes the commit thread' }),
  flushIntervalConsumeQueue: int(1000, { min: 1, unit: 'ms', doc: 'period of consume queue syncs' }),
  flushConsumeQueueLeastPages: int(2, { min: 0, unit: 'pages', doc: 'a sync waits for so much to be written' }),
  flushConsumeQueueThoroughInterval: int(60000, { min: 1, unit: 'ms', doc: 'period of syncs that wait for nothing' }),
  transientStorePoolEnable: flag(false, { ...noMmap, doc: 'buffers outside the page cache' }),
  transientStorePoolSize: int(5, { ...noMmap, doc: 'their number' }),
  fastFailIfNoBufferInStorePool: flag(false, { ...noMmap, doc: 'refuses a put when none is free' }),
  commitIntervalCommitLog: int(200, { ...noMmap, unit: 'ms', doc: 'period of copying them to the file' }),
  commitCommitLogLeastPages: int(4, { ...noMmap, unit: 'pages', doc: 'a copy waits for so much' }),
  commitCommitLogThoroughInterval: int(200, { ...noMmap, unit: 'ms', doc: 'period of copies that wait for nothing' }),
  writeWithoutMmap: flag(false, { ...noMmap, doc: 'writes files instead of mapping them' }),
  warmMapedFileEnable: flag(false, { ...noMmap, doc: 'touches every page of a new file' }),
  flushLeastPagesWhenWarmMapedFile: int(4096, { ...noMmap, unit: 'pages', doc: 'pages touched between syncs' }),
  enableRunningFlagsInFlush: flag(false, { doc: 'a failed sync makes the store unwritable' }),
  dataReadAheadEnable: flag(true, { ...noMmap, doc: 'lets the kernel read ahead' }),
};

const appendKeys = {
  useReentrantLockWhenPutMessage: flag(true, { ...noLocks, doc: 'kind of lock around a put' }),
  useABSLock: flag(false, { ...noLocks, doc: 'kind of lock around a put' }),
  spinLockCollisionRetreatOptimalDegree: int(1000, { ...noLocks, doc: 'patience of the spin lock' }),
  topicQueueLockNum: int(32, { ...noLocks, doc: 'locks that queues share' }),
  osPageCacheBusyTimeOutMills: long(1000, {
    min: 0,
    unit: 'ms',
    doc: 'a put that takes longer counts as a busy page cache',
  }),
  putMessageTimeout: int(8000, { ...unusedInRocketMq, unit: 'ms', doc: 'patience of a put' }),
  enableLmq: flag(false, { doc: 'light message queues' }),
  enableMultiDispatch: flag(false, { doc: 'one message in several light queues' }),
  maxLmqConsumeQueueNum: int(20000, { ...unusedInRocketMq, doc: 'most light queues' }),
  maxAsyncPutMessageRequests: int(5000, { ...unusedInRocketMq, doc: 'puts under way at once' }),
  debugLockEnable: flag(false, { ...noLocks, doc: 'stack dump of a long lock' }),
};

const dispatchKeys = {
  readUnCommitted: flag(false, { doc: 'consumers may read beyond the confirm offset' }),
  putConsumeQueueDataByFileChannel: flag(true, { ...noMmap, doc: 'writes consume queues instead of mapping them' }),
  enableBuildConsumeQueueConcurrently: flag(false, { ...noThreads, doc: 'dispatch by several threads' }),
  batchDispatchRequestThreadPoolNums: int(16, { ...noThreads, doc: 'their number' }),
  messageIndexEnable: flag(true, { doc: 'index by key and unique id' }),
  messageIndexSafe: flag(false, { doc: 'recovery goes back as far as the index was flushed' }),
  checkCRCOnRecover: flag(true, { doc: 'recovery checks body checksums' }),
  recheckReputOffsetFromCq: flag(false, { doc: 'the start reads consume queues to find where dispatch stopped' }),
  enableLogConsumeQueueRepeatedlyBuildWhenRecover: flag(false, {
    ...unusedInRocketMq,
    doc: 'logs units that recovery builds again',
  }),
  maxRecoveryCommitlogFiles: int(30, { ...unusedInRocketMq, doc: 'files that recovery reads' }),
  dispatchCqThreads: int(10, { ...unusedInRocketMq, doc: 'threads of dispatch' }),
  dispatchCqCacheNum: int(4096, { ...unusedInRocketMq, doc: 'cached dispatches' }),
  enableAsyncReput: flag(true, { ...unusedInRocketMq, doc: 'dispatch in the background' }),
  dispatchFromSenderThread: flag(false, { ...unusedInRocketMq, doc: 'dispatch by the sender' }),
  putMsgIndexHightWater: int(600000, { ...unusedInRocketMq, doc: 'index backlog' }),
};

const cleaningKeys = {
  cleanResourceInterval: int(10000, { min: 1, unit: 'ms', doc: 'period of cleaning' }),
  deleteWhen: text('04', { unit: 'hours of the day', doc: 'when expired files go; several with ;' }),
  fileReservedTime: int(72, { min: 0, unit: 'h', doc: 'how long commit log files are kept' }),
  deleteFileBatchMax: int(10, { min: 1, unit: 'files', doc: 'most files deleted in one go' }),
  deleteCommitLogFilesInterval: int(100, { min: 0, unit: 'ms', doc: 'pause between commit log files' }),
  deleteConsumeQueueFilesInterval: int(100, { min: 0, unit: 'ms', doc: 'pause between consume queue files' }),
  destroyMapedFileIntervalForcibly: int(120000, {
    ...noMmap,
    unit: 'ms',
    doc: 'patience with readers of a file to be deleted',
  }),
  redeleteHangedFileInterval: int(120000, { ...noMmap, unit: 'ms', doc: 'period of trying again' }),
  diskMaxUsedSpaceRatio: int(75, { unit: '%', doc: 'a fuller disk deletes expired files at any hour' }),
  diskSpaceCleanForciblyRatio: int(85, { unit: '%', doc: 'a fuller disk deletes files that have not expired' }),
  diskSpaceWarningLevelRatio: int(90, { unit: '%', doc: 'a fuller disk refuses messages' }),
  cleanFileForciblyEnable: flag(true, { doc: 'allows deletion before expiry' }),
  replicasPerDiskPartition: int(1, { min: 1, unit: 'brokers', doc: 'brokers that share the disk' }),
  logicalDiskSpaceCleanForciblyThreshold: ratio(0.8, { doc: 'threshold for brokers that share a disk' }),
  correctLogicMinOffsetForceInterval: int(300000, {
    min: 1,
    unit: 'ms',
    doc: 'period of correcting the start of batch queues',
  }),
  correctLogicMinOffsetSleepInterval: int(1, { min: 0, unit: 'ms', doc: 'pause between them' }),
  maxBatchDeleteFilesNum: int(50, { ...unusedInRocketMq, doc: 'most files deleted in one go' }),
  enableCleanExpiredOffset: flag(false, { ...unusedInRocketMq, doc: 'cleaning of offsets' }),
  mappedFileSwapEnable: flag(true, { ...unusedInRocketMq, doc: 'unmaps cold files' }),
  commitLogForceSwapMapInterval: long(43200000, { ...unusedInRocketMq, unit: 'ms', doc: 'swapping' }),
  commitLogSwapMapInterval: long(3600000, { ...unusedInRocketMq, unit: 'ms', doc: 'swapping' }),
  commitLogSwapMapReserveFileNum: int(100, { ...unusedInRocketMq, unit: 'files', doc: 'swapping' }),
  logicQueueForceSwapMapInterval: long(43200000, { ...unusedInRocketMq, unit: 'ms', doc: 'swapping' }),
  logicQueueSwapMapInterval: long(3600000, { ...unusedInRocketMq, unit: 'ms', doc: 'swapping' }),
  logicQueueSwapMapReserveFileNum: int(20, { ...unusedInRocketMq, unit: 'files', doc: 'swapping' }),
  cleanSwapedMapInterval: long(300000, { ...unusedInRocketMq, unit: 'ms', doc: 'swapping' }),
};

const readKeys = {
  maxTransferBytesOnMessageInMemory: int(262144, {
    min: 1,
    unit: 'B',
    doc: 'most bytes of one pull of recent messages',
  }),
  maxTransferCountOnMessageInMemory: int(32, {
    min: 1,
    unit: 'messages',
    doc: 'most messages of one pull of recent messages',
  }),
  maxTransferBytesOnMessageInDisk: int(65536, { min: 1, unit: 'B', doc: 'most bytes of one pull of old messages' }),
  maxTransferCountOnMessageInDisk: int(8, {
    min: 1,
    unit: 'messages',
    doc: 'most messages of one pull of old messages',
  }),
  accessMessageInMemoryMaxRatio: int(40, { unit: '% of memory', doc: 'how much of the log counts as recent' }),
  accessMessageInMemoryHotRatio: int(26, { unit: '% of memory', doc: 'how much of the log counts as hot' }),
  maxFilterMessageSize: int(16000, { min: 20, unit: 'B', doc: 'queue units that one filtered pull looks at' }),
  travelCqFileNumWhenGetMessage: int(1, { min: 1, unit: 'files', doc: 'consume queue files that one pull looks at' }),
  maxMsgsNumBatch: int(64, { min: 1, unit: 'messages', doc: 'most messages of one query by key' }),
  defaultQueryMaxNum: int(32, { min: 1, unit: 'messages', doc: 'messages of a query that names no number' }),
  maxConsumeQueueScan: int(20000, { min: 1, unit: 'units', doc: 'queue units that an estimate of a backlog looks at' }),
  sampleCountThreshold: int(5000, { min: 1, unit: 'units', doc: 'matches after which it stops' }),
  offsetCheckInSlave: flag(false, { doc: 'a slave corrects offsets beyond its queues' }),
  diskFallRecorded: flag(true, { doc: 'counts how far consumers read behind' }),
  searchBcqByCacheEnable: flag(true, { doc: 'caches the search in batch queues' }),
  coldDataFlowControlEnable: flag(false, { ...noMmap, doc: 'slows down readers of cold data' }),
  coldDataScanEnable: flag(false, { ...noMmap, doc: 'looks what is in the page cache' }),
  timerColdDataCheckIntervalMs: int(60000, { ...noMmap, unit: 'ms', doc: 'period of that' }),
  sampleSteps: int(32, { ...noMmap, unit: 'pages', doc: 'step of that' }),
  pullBatchMaxMessageCount: int(160, { ...unusedInRocketMq, unit: 'messages', doc: 'most messages of a batch pull' }),
};

/** Not RocketMQ's: the store's own. */
const ownKeys = {
  tailCacheBytes: int(32 * 1024 ** 2, {
    min: 1024 ** 2,
    unit: 'B',
    doc: 'memory for the newest part of the commit log',
  }),
  crcWalkBytesPerSecond: int(4 * 1024 ** 2, {
    min: 0,
    unit: 'B/s',
    doc: 'how fast the log is read again in the background to check its CRCs; 0: not at all',
  }),
  crcWalkInterval: long(24 * 3600000, { min: 1, unit: 'ms', doc: 'time between the beginnings of two such rounds' }),
};

const compactionKeys = {
  enableCompaction: flag(true, { doc: 'topics that keep the last message of each key' }),
  compactionMappedFileSize: int(100 * 1024 ** 2, { min: 1, unit: 'B', doc: 'size of a compacted log file' }),
  compactionCqMappedFileSize: int(10 * 1024 ** 2, { min: 1, unit: 'B', doc: 'size of a compacted queue file' }),
  maxOffsetMapSize: int(100 * 1024 ** 2, { min: 1, unit: 'B', doc: 'memory of one compaction' }),
  compactionScheduleInternal: int(900000, { min: 1, unit: 'ms', doc: 'period of compaction' }),
  compactionThreadNum: int(6, { ...noThreads, doc: 'threads of compaction' }),
};

const rocksDbKeys = {
  rocksdbCQDoubleWriteEnable: flag(false, { ...noRocksDb, doc: 'writes both kinds of queues' }),
  combineCQLoadingCQTypes: text('default;defaultRocksDB', { ...noRocksDb, doc: 'kinds of queues loaded' }),
  combineCQPreferCQType: text('default', { ...noRocksDb, doc: 'kind that is read' }),
  combineAssignOffsetCQType: text('default', { ...noRocksDb, doc: 'kind that assigns offsets' }),
  combineCQEnableCheckSelf: flag(false, { ...noRocksDb, doc: 'compares both kinds' }),
  combineCQMaxExtraSearchCommitLogFiles: int(3, {
    ...noRocksDb,
    unit: 'files',
    doc: 'files searched when they differ',
  }),
  cleanRocksDBDirtyCQIntervalMin: long(60, { ...noRocksDb, unit: 'min', doc: 'period of cleaning' }),
  statRocksDBCQIntervalSec: long(10, { ...noRocksDb, unit: 's', doc: 'period of statistics' }),
  memTableFlushIntervalMs: long(3600000, { ...noRocksDb, unit: 'ms', doc: 'period of flushes' }),
  realTimePersistRocksDBConfig: flag(true, { ...noRocksDb, doc: 'writes metadata at once' }),
  enableRocksDBLog: flag(false, { ...noRocksDb, doc: 'log of RocksDB' }),
  enableAcceleratedRecovery: flag(false, { ...noRocksDb, doc: 'faster recovery' }),
  bottomMostCompressionTypeForConsumeQueueStore: text('zstd', { ...noRocksDb, doc: 'compression of the last level' }),
  rocksdbCompressionType: text('lz4', { ...noRocksDb, doc: 'compression' }),
  rocksdbFlushWalFrequency: int(1024, { ...noRocksDb, doc: 'writes between log flushes' }),
  rocksdbWalFileRollingThreshold: long(1024 ** 3, { ...noRocksDb, unit: 'B', doc: 'size of a log file' }),
};

/** Keys of the message store, replication included. @source MessageStoreConfig */
export const storeKeys = {
  ...placeKeys,
  ...sizeKeys,
  ...flushKeys,
  ...appendKeys,
  ...dispatchKeys,
  ...cleaningKeys,
  ...readKeys,
  ...ownKeys,
  ...timerKeys,
  ...compactionKeys,
  ...haKeys,
  ...rocksDbKeys,
};
