import { type Files, type Logger, textOf } from '@batonmq/host';
import type { QueueTable } from './queue-table';

type Row = readonly [topic: string, queueId: number, firstFile: number, maxOffset: number];

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
    this.files.replace(this.path, JSON.stringify({ logEnd, queues: rows }));
  }

  /** Names of the queues (`topic/id`) that are not what they were; empty when the list does not fit the log. */
  damaged(queues: QueueTable, logEnd: number): Set<string> {
    const names = new Set<string>();
    for (const [topic, queueId, firstFile, maxOffset] of this.load(logEnd)) {
      const queue = queues.find(topic, queueId);
      if (queue === undefined || queue.series.first !== firstFile || queue.maxOffset < maxOffset)
        names.add(`${topic}/${queueId}`);
    }
    return names;
  }

  private load(logEnd: number): readonly Row[] {
    const text = this.files.readAll(this.path)?.toString('utf8');
    if (text === undefined) return [];
    try {
      const list = JSON.parse(text) as { logEnd: number; queues: Row[] };
      return list.logEnd === logEnd ? list.queues : [];
    } catch (error) {
      this.logger.warn({ path: this.path, error: textOf(error) }, 'the list of queues cannot be read; left out');
      return [];
    }
  }
}
