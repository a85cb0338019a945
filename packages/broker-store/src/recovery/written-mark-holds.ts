import type { Dispatcher } from '../dispatch/dispatcher';
import { takesQueueOffset } from '../format/record';
import type { CommitLog } from '../log/commit-log';
import type { QueueTable } from '../queue/queue-table';
import type { LogScanner } from './scan-log';

/** Of the log below the mark, what is compared with the queues. */
const COMPARE_BYTES = 2 << 20;

/**
 * Whether queues have what the mark of the last process says. It cannot say more than the page cache has, unless somebody has
 * taken that away: a file system that was shut down and mounted again, a queue removed by hand. Whatever the cause, the
 * last records below the mark tell: log and queues lose what was written last.
 * @param mark end of a record, or of a file   @param from where recovery begins without it
 */
export function writtenMarkHolds(
  parts: { readonly log: CommitLog; readonly queues: QueueTable; readonly dispatcher: Dispatcher },
  scanner: LogScanner,
  mark: number,
  from: number,
): boolean {
  const { log, queues } = parts;
  if (mark <= from || mark > log.writtenEnd) return false;
  for (const { series } of queues.all()) if (series.hasGap) return false;
  const begin = queues.recordNear(Math.max(from, mark - COMPARE_BYTES));
  if (begin < 0 || begin >= mark) return false;
  let missing = 0;
  const end = scanner.run(begin, mark, (size) => {
    const { header, cursor } = scanner;
    if (!takesQueueOffset(header.sysFlag)) return;
    const topic = queues.topicOfBytes(cursor.buffer, header.topicStart, header.topicEnd);
    const queue = queues.bounds(topic.name, header.queueId);
    if (queue === undefined || queue.maxPhysic < header.physicalOffset + size) missing++;
  });
  return end === mark && missing === 0;
}
