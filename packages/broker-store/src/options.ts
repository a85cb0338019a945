import { StoreError } from './errors';
import { EXT_END_BYTES, EXT_UNIT_BYTES } from './format/ext-unit';
import { parseIp } from './format/ip';

/** RocketMQ's keys, with its meanings and defaults (store-format.md 17). */
export interface StoreOptions {
  readonly storePathRootDir: string;
  /** Default `<root>/commitlog`. One directory. */
  readonly storePathCommitLog?: string;
  readonly mappedFileSizeCommitLog?: number;
  /** Bytes; rounded up to a multiple of 20. */
  readonly mappedFileSizeConsumeQueue?: number;
  /** The last property of each record is the CRC of all before it. */
  readonly enabledAppendPropCRC?: boolean;
  /** Records that have such a CRC are damaged when it is wrong; those without one are judged by the CRC of their body alone. */
  readonly forceVerifyPropCRC?: boolean;
  /** Tags codes go to `consumequeue_ext`, and the units of queues refer to them there. What is there is read in any case. */
  readonly enableConsumeQueueExt?: boolean;
  readonly mappedFileSizeConsumeQueueExt?: number;
  /** Bytes; rounded up to a multiple of 46. */
  readonly mapperFileSizeBatchConsumeQueue?: number;
  /** Whether a topic has the attribute `queue.type=BatchCQ`; asked for topics that have no queue yet. */
  readonly isBatchTopic?: (topic: string) => boolean;
  readonly flushDiskType?: 'ASYNC_FLUSH' | 'SYNC_FLUSH';
  /** Milliseconds, as all intervals here. */
  readonly flushIntervalCommitLog?: number;
  readonly flushCommitLogThoroughInterval?: number;
  readonly flushIntervalConsumeQueue?: number;
  readonly flushConsumeQueueThoroughInterval?: number;
  /** Bytes of a body; a record may have 64 KiB more. */
  readonly maxMessageSize?: number;
  readonly messageIndexEnable?: boolean;
  readonly maxHashSlotNum?: number;
  readonly maxIndexNum?: number;
  /** Hours. */
  readonly fileReservedTime?: number;
  /** Hours of the day, separated by `;`. */
  readonly deleteWhen?: string;
  /** Percent. */
  readonly diskMaxUsedSpaceRatio?: number;
  readonly diskSpaceCleanForciblyRatio?: number;
  readonly diskSpaceWarningLevelRatio?: number;
  readonly cleanFileForciblyEnable?: boolean;
  readonly cleanResourceInterval?: number;
  readonly deleteFileBatchMax?: number;
  readonly maxTransferBytesOnMessageInMemory?: number;
  readonly maxTransferCountOnMessageInMemory?: number;
  readonly maxTransferBytesOnMessageInDisk?: number;
  readonly maxTransferCountOnMessageInDisk?: number;
  /** Percent of the machine's memory: records nearer to the end of the log count as being in memory. */
  readonly accessMessageInMemoryMaxRatio?: number;
  readonly maxFilterMessageSize?: number;
  readonly maxMsgsNumBatch?: number;
  readonly messageDelayLevel?: string;
  /** Messages may name light queues (`%LMQ%...`) in INNER_MULTI_DISPATCH and get offsets there. */
  readonly enableLmq?: boolean;
  /** Light queues get their units. */
  readonly enableMultiDispatch?: boolean;
  /** Consumers see messages up to `log.setConfirmOffset`; otherwise up to what is written (ASYNC_FLUSH) or synced. */
  readonly enableControllerMode?: boolean;
  /** IP address and port that stand in every record and message id. */
  readonly storeHost: { readonly host: string; readonly port: number };
  /** Bytes of the newest part of the log kept in memory. */
  readonly tailCacheBytes?: number;
  /** How fast the log is read again from the disk in the background to check its CRCs; 0: not at all. */
  readonly crcWalkBytesPerSecond?: number;
  /** Milliseconds between the beginnings of two such rounds. */
  readonly crcWalkInterval?: number;
}

const DEFAULTS = {
  mappedFileSizeCommitLog: 1 << 30,
  mappedFileSizeConsumeQueue: 6_000_000,
  enabledAppendPropCRC: false,
  forceVerifyPropCRC: false,
  enableConsumeQueueExt: false,
  mappedFileSizeConsumeQueueExt: 48 << 20,
  mapperFileSizeBatchConsumeQueue: 13_800_000,
  isBatchTopic: () => false,
  flushDiskType: 'ASYNC_FLUSH' as const,
  flushIntervalCommitLog: 500,
  flushCommitLogThoroughInterval: 10_000,
  flushIntervalConsumeQueue: 1000,
  flushConsumeQueueThoroughInterval: 60_000,
  maxMessageSize: 4 << 20,
  messageIndexEnable: true,
  maxHashSlotNum: 5_000_000,
  maxIndexNum: 20_000_000,
  fileReservedTime: 72,
  deleteWhen: '04',
  diskMaxUsedSpaceRatio: 75,
  diskSpaceCleanForciblyRatio: 85,
  diskSpaceWarningLevelRatio: 90,
  cleanFileForciblyEnable: true,
  cleanResourceInterval: 10_000,
  deleteFileBatchMax: 10,
  maxTransferBytesOnMessageInMemory: 262_144,
  maxTransferCountOnMessageInMemory: 32,
  maxTransferBytesOnMessageInDisk: 65_536,
  maxTransferCountOnMessageInDisk: 8,
  accessMessageInMemoryMaxRatio: 40,
  maxFilterMessageSize: 16_000,
  maxMsgsNumBatch: 64,
  messageDelayLevel: '1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h',
  enableLmq: false,
  enableMultiDispatch: false,
  enableControllerMode: false,
  tailCacheBytes: 32 << 20,
  crcWalkBytesPerSecond: 4 << 20,
  crcWalkInterval: 24 * 3_600_000,
};

export type ResolvedOptions = Required<StoreOptions>;

/** Smallest commit log file: a blank record and a small message fit. */
const MIN_LOG_FILE_BYTES = 1024;
/** One unit and the mark of the end. */
const MIN_EXT_FILE_BYTES = EXT_UNIT_BYTES + EXT_END_BYTES;

/** Fills in the defaults. @throws StoreError BAD_OPTION for what cannot work */
export function resolveOptions(options: StoreOptions): ResolvedOptions {
  const given = Object.fromEntries(
    Object.entries(options).filter(([, value]) => value !== undefined),
  ) as unknown as StoreOptions;
  const storePathCommitLog = options.storePathCommitLog ?? `${options.storePathRootDir}/commitlog`;
  const resolved: ResolvedOptions = { ...DEFAULTS, ...given, storePathCommitLog };
  if (storePathCommitLog.includes(',')) {
    throw new StoreError(
      'BAD_OPTION',
      `storePathCommitLog=${storePathCommitLog}: several directories are not supported yet`,
    );
  }
  if (resolved.mappedFileSizeCommitLog < MIN_LOG_FILE_BYTES) {
    throw new StoreError(
      'BAD_OPTION',
      `mappedFileSizeCommitLog=${resolved.mappedFileSizeCommitLog}: at least ${MIN_LOG_FILE_BYTES}`,
    );
  }
  if (resolved.enableConsumeQueueExt && resolved.mappedFileSizeConsumeQueueExt < MIN_EXT_FILE_BYTES) {
    throw new StoreError(
      'BAD_OPTION',
      `mappedFileSizeConsumeQueueExt=${resolved.mappedFileSizeConsumeQueueExt}: at least ${MIN_EXT_FILE_BYTES}`,
    );
  }
  if (parseIp(options.storeHost.host) === undefined) {
    throw new StoreError('BAD_OPTION', `storeHost ${JSON.stringify(options.storeHost.host)} is no IP address`, {
      hint: 'set brokerIP1 to an address of this machine',
    });
  }
  return resolved;
}
