import type { Clock, Files, Logger } from '@batonmq/host';
import type { Checkpoint } from '../checkpoint';
import { StoreError } from '../errors';
import type { Dispatcher } from '../dispatch/dispatcher';
import type { RecordCheck } from '../format/record-check';
import type { CommitLog } from '../log/commit-log';
import type { QueueList } from '../queue/queue-list';
import type { QueueTable } from '../queue/queue-table';
import { keepTailAside } from './cut-tail';
import { Progress } from './progress';
import { rebuildQueues } from './rebuild-queues';
import { LogScanner } from './scan-log';
import { chooseStartFile } from './start-file';
import { writtenMarkHolds } from './written-mark-holds';

/** Read of each log file to see its first record, if that is no longer. */
const HEAD_BYTES = 64 << 10;

export interface RecoveryParts {
  readonly log: CommitLog;
  readonly queues: QueueTable;
  readonly dispatcher: Dispatcher;
  readonly checkpoint: Checkpoint;
  readonly check: RecordCheck;
  readonly files: Files;
  readonly root: string;
  readonly logger: Logger;
  readonly clock: Pick<Clock, 'monotonicMs'>;
  readonly queueList: QueueList;
  /** The mark is taken back: a next start must not go by it. @throws HostError */
  readonly disownMark: () => void;
}

export interface Recovered {
  /** End of the log. */
  readonly end: number;
  /** Up to here consumers may see messages: what the checkpoint says or what queues already had, within the log. */
  readonly confirmOffset: number;
  readonly lastTimestamp: number;
  /** Queues have on the disk what the log has below it. */
  readonly queuesSyncedTo: number;
}

/**
 * Finds the end of the log, cuts what is behind it, and brings the queues up to date. What it decides:
 *
 * - the log ends behind its last good record; a cut leaves zeros and is synced before anything else (`cut-comes-back`)
 * - records from the last dispatched one on, that one included, are dispatched (`dispatch-off-by-one`)
 * - queues that are not what they were at a clean stop are built again from the whole log
 * - when only the process died, the page cache is whole: what queues had been given by then (`mark`) is not read again
 * - in controller mode only up to the confirm offset, or to what queues had before
 *
 * @param clean the last stop was clean   @param limited controller mode
 * @param mark every unit of the log below it is in the files, as `WrittenMark` says; -1: nothing is known
 * @source CommitLog.recoverNormally, recoverAbnormally; departures: store-format 19 A1, A3, A4, B1, B3
 */
export async function recover(
  parts: RecoveryParts,
  clean: boolean,
  limited: boolean,
  mark: number,
): Promise<Recovered> {
  const { log, queues, dispatcher, checkpoint, logger } = parts;
  const marked = !clean && mark >= 0;
  queues.recover(clean || marked);
  if (log.series.first === undefined) {
    queues.deleteAll();
    log.openAt(0);
    dispatcher.position = 0;
    return { end: 0, confirmOffset: 0, lastTimestamp: 0, queuesSyncedTo: 0 };
  }
  refuseGap(log);
  const scanner = new LogScanner(log, parts.check);
  const limit = (log.series.last as number) + log.fileSize;
  log.openAt(limit);
  let dispatched = queues.lastDispatched();
  const confirmed = limited ? Math.max(checkpoint.confirmOffset, dispatched.end) : Infinity;
  const from = chooseStartFile(
    new LogScanner(log, parts.check, HEAD_BYTES).heads(),
    log.series.first,
    clean
      ? { clean, lastDispatched: dispatched.start }
      : { clean, safeTimestamp: checkpoint.safeTimestamp, atMost: confirmed },
  );
  const whole = marked && writtenMarkHolds(parts, scanner, mark, from);
  if (marked && !whole) {
    logger.warn({ mark, from }, 'queues do not have what the last process noted; they are built again further back');
    parts.disownMark();
    queues.recover(false);
  }
  if (whole) queues.countUnsynced(from);
  // What is made anew below is not on the disk until it has been synced again, whatever was said before.
  if (!clean && checkpoint.lowerTimestamps(checkpoint.safeTimestamp)) await checkpoint.save();
  // Units of what is dispatched again may have holes: a crash of the machine keeps any sectors it likes.
  const settleQueues = clean ? undefined : queues.cutForRebuild(whole ? mark : from, whole);
  if (whole) dispatched = queues.lastDispatched();
  // That record is there already: it tells the time.
  const dispatchFrom = clean || whole ? dispatched.start : -1;
  const readFrom = whole ? Math.max(from, dispatched.start) : from;
  let lastTimestamp = 0;
  let dispatchedTo = whole ? mark : from;
  const progress = new Progress(parts.clock, logger, 'recovering the commit log', readFrom, limit);
  const end = scanner.run(readFrom, limit, (size) => {
    const { header } = scanner;
    progress.at(header.physicalOffset);
    lastTimestamp = header.storeTimestamp;
    if (header.physicalOffset + size > confirmed) return;
    if (header.physicalOffset >= dispatchFrom) dispatcher.dispatch(scanner.cursor.buffer, header);
    dispatchedTo = Math.max(dispatchedTo, header.physicalOffset + size);
  });
  settleQueues?.();
  logger.info({ clean, from: readFrom, end, dispatched: dispatched.end }, 'commit log recovered');
  await cutBehind(parts, from, end, clean, whole);
  const confirmOffset = limited ? Math.min(end, Math.max(dispatchedTo, Math.min(checkpoint.confirmOffset, end))) : end;
  dispatcher.position = limited ? dispatchedTo : end;
  const damaged = clean ? parts.queueList.damaged(queues, end) : new Set<string>();
  if (damaged.size > 0) rebuildQueues(parts, scanner, damaged, dispatcher.position);
  return { end, confirmOffset, lastTimestamp, queuesSyncedTo: whole ? from : dispatcher.position };
}

/**
 * Segments are made, removed and cut in an order that leaves no gap, whatever happens: one that is missing was lost.
 * @throws StoreError STORE_CORRUPT
 */
function refuseGap({ series, fileSize }: CommitLog): void {
  series.starts.forEach((start, at) => {
    const due = (series.starts[at - 1] ?? start - fileSize) + fileSize;
    if (start === due) return;
    throw new StoreError('STORE_CORRUPT', `${series.directory}: the log has nothing from ${due} to ${start}`, {
      hint: `bring the missing segments back; or move those below ${start} away to go on without them`,
    });
  });
}

/** What was read after a crash may still be in the page cache only: from here on it counts as synced, so it is. */
async function cutBehind(
  parts: RecoveryParts,
  from: number,
  end: number,
  clean: boolean,
  whole: boolean,
): Promise<void> {
  const { log, queues } = parts;
  const untouched = (clean || whole) && end >= (log.series.last as number) && isZeroAt(log, end);
  if (untouched) log.openAt(end);
  else {
    keepTailAside(parts.files, parts.logger, parts.root, log, end);
    await log.cut(end);
  }
  if (!clean) for (const start of log.series.starts) if (start >= from) await log.series.syncFile(start);
  // A former process may have failed to sync the name of its newest file.
  parts.files.syncDir(log.series.directory);
  queues.cutAbove(end);
  // What is whole is synced by and by, as that of the last process would have been; the checkpoint waits for it.
  if (!whole) await queues.sync();
}

function isZeroAt(log: CommitLog, offset: number): boolean {
  const head = Buffer.alloc(8);
  log.readInto(head, 0, 8, offset);
  return head.every((byte) => byte === 0);
}
