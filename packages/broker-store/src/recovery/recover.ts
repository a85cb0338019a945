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
 * How the last process ended, as far as it matters here.
 *
 * | way | queues have | where the log is read from |
 * |---|---|---|
 * | stopped | all that was dispatched | the file of the last record that is in a queue |
 * | killed | all below the mark, in the page cache at least | the mark |
 * | lost | what was synced, any sectors of the rest | a file that the checkpoint knows to be dispatched |
 */
type Way = 'stopped' | 'killed' | 'lost';

interface Start {
  readonly way: Way;
  /** Beginning of a file: all that is not dispatched and synced for sure lies behind it. */
  readonly from: number;
  /** Records that end at or below it may be seen. */
  readonly confirmed: number;
}

interface Room {
  /** Where reading begins. */
  readonly readFrom: number;
  /** Records that begin below it have their units. */
  readonly dispatchFrom: number;
  /** Queues have all below it. */
  readonly dispatched: number;
  /** To be called when all has been dispatched. */
  readonly settle: () => void;
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
  const { log, queues, dispatcher, checkpoint } = parts;
  queues.recover(clean || mark >= 0);
  if (log.series.first === undefined) return recoverNothing(parts);
  refuseGap(log);
  const limit = (log.series.last as number) + log.fileSize;
  log.openAt(limit);
  const scanner = new LogScanner(log, parts.check);
  const start = chooseStart(parts, scanner, clean, limited, mark);
  const { way, from } = start;
  // What is made anew below is not on the disk until it has been synced again, whatever was said before.
  if (way !== 'stopped' && checkpoint.lowerTimestamps(checkpoint.safeTimestamp)) await checkpoint.save();
  const room = makeRoom(parts, start, mark);
  const { end, dispatched, lastTimestamp } = readLog(parts, scanner, start, room, limit);
  room.settle();
  parts.logger.info({ way, from: room.readFrom, end, dispatched }, 'commit log recovered');
  await cutBehind(parts, start, end);
  const seen = Math.min(end, Math.max(dispatched, checkpoint.confirmOffset));
  dispatcher.position = limited ? dispatched : end;
  const damaged = way === 'stopped' ? parts.queueList.damaged(queues, end) : new Set<string>();
  if (damaged.size > 0) rebuildQueues(parts, scanner, damaged, dispatcher.position);
  const queuesSyncedTo = way === 'killed' ? from : dispatcher.position;
  return { end, confirmOffset: limited ? seen : end, lastTimestamp, queuesSyncedTo };
}

function recoverNothing({ log, queues, dispatcher }: RecoveryParts): Recovered {
  queues.deleteAll();
  log.openAt(0);
  dispatcher.position = 0;
  return { end: 0, confirmOffset: 0, lastTimestamp: 0, queuesSyncedTo: 0 };
}

function chooseStart(parts: RecoveryParts, scanner: LogScanner, clean: boolean, limited: boolean, mark: number): Start {
  const { log, queues, checkpoint, logger } = parts;
  const last = queues.lastDispatched();
  const confirmed = limited ? Math.max(checkpoint.confirmOffset, last.end) : Infinity;
  const from = chooseStartFile(
    new LogScanner(log, parts.check, HEAD_BYTES).heads(),
    log.series.first as number,
    clean
      ? { clean, lastDispatched: last.start }
      : { clean, safeTimestamp: checkpoint.safeTimestamp, atMost: confirmed },
  );
  if (clean) return { way: 'stopped', from, confirmed };
  if (mark >= 0 && writtenMarkHolds(parts, scanner, mark, from)) return { way: 'killed', from, confirmed };
  if (mark >= 0) {
    logger.warn({ mark, from }, 'queues do not have what the last process noted; they are built again further back');
    parts.disownMark();
    queues.recover(false);
  }
  return { way: 'lost', from, confirmed };
}

/** Takes units away that are not to be believed: where they should be, a crash of the machine keeps any sectors it likes. */
function makeRoom({ queues }: RecoveryParts, { way, from }: Start, mark: number): Room {
  if (way === 'lost')
    return { readFrom: from, dispatchFrom: -1, dispatched: from, settle: queues.cutForRebuild(from, false) };
  if (way === 'stopped')
    return { readFrom: from, dispatchFrom: queues.lastDispatched().start, dispatched: from, settle: () => {} };
  queues.countUnsynced(from);
  const settle = queues.cutForRebuild(mark, true);
  // That record is there already: it tells the time.
  const { start } = queues.lastDispatched();
  return { readFrom: Math.max(from, start), dispatchFrom: start, dispatched: mark, settle };
}

/** Reads the log to its end, and dispatches what queues lack. */
function readLog(
  { dispatcher, clock, logger }: RecoveryParts,
  scanner: LogScanner,
  { confirmed }: Start,
  { readFrom, dispatchFrom, dispatched: from }: Room,
  limit: number,
): { end: number; dispatched: number; lastTimestamp: number } {
  let [dispatched, lastTimestamp] = [from, 0];
  const progress = new Progress(clock, logger, 'recovering the commit log', readFrom, limit);
  const end = scanner.run(readFrom, limit, (size) => {
    const { header } = scanner;
    progress.at(header.physicalOffset);
    lastTimestamp = header.storeTimestamp;
    if (header.physicalOffset + size > confirmed) return;
    if (header.physicalOffset >= dispatchFrom) dispatcher.dispatch(scanner.cursor.buffer, header);
    dispatched = Math.max(dispatched, header.physicalOffset + size);
  });
  return { end, dispatched, lastTimestamp };
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
async function cutBehind(parts: RecoveryParts, { way, from }: Start, end: number): Promise<void> {
  const { log, queues } = parts;
  const untouched = way !== 'lost' && end >= (log.series.last as number) && isZeroAt(log, end);
  if (untouched) log.openAt(end);
  else {
    keepTailAside(parts.files, parts.logger, parts.root, log, end);
    await log.cut(end);
  }
  if (way !== 'stopped') for (const start of log.series.starts) if (start >= from) await log.series.syncFile(start);
  // A former process may have failed to sync the name of its newest file.
  parts.files.syncDir(log.series.directory);
  queues.cutAbove(end);
  // What is whole is synced by and by, as that of the last process would have been; the checkpoint waits for it.
  if (way !== 'killed') await queues.sync();
}

function isZeroAt(log: CommitLog, offset: number): boolean {
  const head = Buffer.alloc(8);
  log.readInto(head, 0, 8, offset);
  return head.every((byte) => byte === 0);
}
