import { type Files, type Logger, textOf } from '@batonmq/host';
import type { QueueTable } from './queue-table';

/** `first`: position of the first file, or of a batch queue the offset that this file begins with. */
type Row = readonly [topic: string, queueId: number, first: number, maxOffset: number];

interface Listed {
  readonly queues: readonly Row[];
  /** Batch queues; lists of earlier versions have none. */
  readonly batches?: readonly Row[];
}

const NONE: Listed = { queues: [] };

/**
 * Which queues there were at a clean stop, and how far: `<root>/queuelist.json`. A start that finds a queue shorter, without its
 * first file or not at all builds it again from the log; without the list a queue that is gone cannot be told from one whose
 * topic was deleted. Java does not know the file: it counts only while the log ends where it says.
 */
export class QueueList {
  private readonly path: string;

  constructor(
    private readonly files: Files,
    private readonly logger: Logger,
    root: string,
  ) {
    this.path = `${root}/queuelist.json`;
  }

  /** At a clean stop, all units being written. @throws HostError */
  save(queues: QueueTable, logEnd: number): void {
    const rows: Row[] = [];
    for (const queue of queues) {
      const { first } = queue.series;
      if (first !== undefined) rows.push([queue.topic, queue.queueId, first, queue.maxOffset]);
    }
    const batches: Row[] = [];
    for (const queue of queues.batch) {
      if (queue.series.first !== undefined)
        batches.push([queue.topic, queue.queueId, queue.firstStored, queue.maxOffset]);
    }
    this.files.replace(this.path, JSON.stringify({ logEnd, queues: rows, batches }));
  }

  /** Names of the queues (`topic/id`) that are not what they were; empty when the list does not fit the log. */
  damaged(queues: QueueTable, logEnd: number): Set<string> {
    const names = new Set<string>();
    const list = this.load(logEnd);
    for (const [topic, queueId, first, maxOffset] of list.batches ?? []) {
      const queue = queues.batch.find(topic, queueId);
      if (queue === undefined || queue.firstStored !== first || queue.maxOffset < maxOffset)
        names.add(`${topic}/${queueId}`);
    }
    for (const [topic, queueId, firstFile, maxOffset] of list.queues) {
      const queue = queues.find(topic, queueId);
      if (queue === undefined || queue.series.first !== firstFile || queue.maxOffset < maxOffset)
        names.add(`${topic}/${queueId}`);
    }
    return names;
  }

  private load(logEnd: number): Listed {
    const text = this.files.readAll(this.path)?.toString('utf8');
    if (text === undefined) return NONE;
    try {
      const list = JSON.parse(text) as Listed & { logEnd: number };
      return list.logEnd === logEnd ? list : NONE;
    } catch (error) {
      this.logger.warn({ path: this.path, error: textOf(error) }, 'the list of queues cannot be read; left out');
      return NONE;
    }
  }
}
