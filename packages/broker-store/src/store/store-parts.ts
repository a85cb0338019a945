import type { Host } from '@batonmq/host';
import { Checkpoint } from '../checkpoint';
import { Cleaner } from '../cleaning/cleaner';
import { type ArrivalListener, Dispatcher, Listeners } from '../dispatch/dispatcher';
import { parseDelayLevels } from '../format/delay-levels';
import { RecordCheck } from '../format/record-check';
import { IndexService } from '../index-file/index-service';
import { CommitLog } from '../log/commit-log';
import type { ResolvedOptions } from '../options';
import { Appender } from '../put/appender';
import { BatchTable } from '../queue/batch-table';
import { ExtUnits } from '../queue/ext-units';
import { LightQueues } from '../queue/light-queues';
import { QueueTable } from '../queue/queue-table';

/** The pieces of one store, made but not opened; the rooms of `MessageStore` share them. Nothing here touches the disk. */
export interface StoreParts {
  readonly host: Host;
  readonly options: ResolvedOptions;
  readonly commitLog: CommitLog;
  /** What counts as a record when it is read from the disk. */
  readonly check: RecordCheck;
  readonly table: QueueTable;
  readonly extUnits: ExtUnits;
  readonly checkpoint: Checkpoint;
  readonly index: IndexService | undefined;
  readonly arrivals: Listeners<Parameters<ArrivalListener>>;
  readonly dispatcher: Dispatcher;
  readonly appender: Appender;
  readonly cleaner: Cleaner;
}

export function makeParts(host: Host, options: ResolvedOptions): StoreParts {
  const { files, log: logger, clock, checksums } = host;
  const o = options;
  const root = o.storePathRootDir;
  const commitLog = new CommitLog(files, logger, {
    directory: o.storePathCommitLog,
    fileSize: o.mappedFileSizeCommitLog,
    tailCacheBytes: o.tailCacheBytes,
  });
  const batches = new BatchTable(files, logger, `${root}/batchconsumequeue`, o.mapperFileSizeBatchConsumeQueue);
  const queueSize = o.mappedFileSizeConsumeQueue;
  const extUnits = new ExtUnits(
    files,
    logger,
    `${root}/consumequeue_ext`,
    o.mappedFileSizeConsumeQueueExt,
    o.enableConsumeQueueExt,
  );
  const table = new QueueTable(files, logger, `${root}/consumequeue`, queueSize, batches, o.isBatchTopic, extUnits);
  const checkpoint = new Checkpoint(files, `${root}/checkpoint`);
  const index = o.messageIndexEnable
    ? new IndexService(host, `${root}/index`, o.maxHashSlotNum, o.maxIndexNum)
    : undefined;
  const arrivals = new Listeners<Parameters<ArrivalListener>>(logger);
  const levels = parseDelayLevels(o.messageDelayLevel);
  const light = new LightQueues(table, o.enableLmq, o.enableMultiDispatch);
  const dispatcher = new Dispatcher(commitLog, table, light, levels, index, arrivals, logger);
  const appender = new Appender(clock, checksums, commitLog, table, light, o);
  const check = new RecordCheck(checksums, o.forceVerifyPropCRC);
  const cleaner = new Cleaner(host, o, commitLog, table, index, () => dispatcher.position);
  return {
    host,
    options,
    commitLog,
    check,
    table,
    extUnits,
    checkpoint,
    index,
    arrivals,
    dispatcher,
    appender,
    cleaner,
  };
}

/** storeTimestamp of the newest record, put here or dispatched. */
export function lastTimestamp({ appender, dispatcher }: StoreParts): number {
  return Math.max(appender.lastTimestamp, dispatcher.lastTimestamp);
}
