import type { Clock, Logger } from '@batonmq/host';
import type { Dispatcher } from '../dispatch/dispatcher';
import type { CommitLog } from '../log/commit-log';
import type { QueueTable } from '../queue/queue-table';
import { Progress } from './progress';
import type { LogScanner } from './scan-log';

/**
 * Builds queues again from the whole log: their directories were lost or cut while the store was stopped.
 * @param names `topic/id`   @param end records that end at or below it are dispatched
 */
export function rebuildQueues(
  parts: {
    readonly log: CommitLog;
    readonly queues: QueueTable;
    readonly dispatcher: Dispatcher;
    readonly clock: Pick<Clock, 'monotonicMs'>;
    readonly logger: Logger;
  },
  scanner: LogScanner,
  names: ReadonlySet<string>,
  end: number,
): void {
  const { log, queues, dispatcher, clock, logger } = parts;
  logger.warn({ queues: names.size, first: [...names][0] }, 'queues are missing or short; built again from the log');
  for (const queue of queues.all()) if (names.has(`${queue.topic}/${queue.queueId}`)) queue.forgetBeginning();
  const progress = new Progress(clock, logger, 'building queues again', log.min, end);
  scanner.cursor.reset();
  scanner.run(log.min, end, (size) => {
    const { header, cursor } = scanner;
    progress.at(header.physicalOffset);
    if (header.physicalOffset + size <= end) dispatcher.redispatch(cursor.buffer, header, names);
  });
}
