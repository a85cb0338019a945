import type { Files, Logger } from '@batonmq/host';
import { EXT_UNIT_BYTES, extTagsCode } from '../format/ext-unit';
import { fileName } from '../format/file-name';
import { OpenFiles } from '../open-files';
import { ExtQueue } from './ext-queue';

const MAX_OPEN_FILES = 16;

/**
 * What stands beside the queues with `enableConsumeQueueExt`: a queue's unit then refers to a place here, where the tags code is,
 * and for RocketMQ's SQL filters a bit map, which ours do without. Read always, written if `writes`. @source ConsumeQueueExt
 */
export class ExtUnits {
  private readonly open: OpenFiles;
  private readonly unit = Buffer.alloc(EXT_UNIT_BYTES);
  private readonly topics = new Map<string, Map<number, ExtQueue>>();

  constructor(
    private readonly files: Files,
    private readonly log: Logger,
    private readonly directory: string,
    private readonly fileSize: number,
    private readonly writes: boolean,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
  }

  /** Where a queue's units are added; undefined: they are not. */
  queue(topic: string, queueId: number): ExtQueue | undefined {
    if (!this.writes) return undefined;
    let queues = this.topics.get(topic);
    if (queues === undefined) this.topics.set(topic, (queues = new Map()));
    let queue = queues.get(queueId);
    if (queue === undefined) {
      const { files, open, log, directory, fileSize } = this;
      queue = new ExtQueue(files, open, log, `${directory}/${topic}/${queueId}`, fileSize);
      queues.set(queueId, queue);
    }
    return queue;
  }

  /** The tags code of the unit at `position`; undefined when there is none: the message may be anything. */
  tagsCode(topic: string, queueId: number, position: number): number | undefined {
    const pending = this.topics.get(topic)?.get(queueId)?.pendingTagsCode(position);
    if (pending !== undefined) return pending;
    const at = position % this.fileSize;
    const path = `${this.directory}/${topic}/${queueId}/${fileName(position - at)}`;
    if (this.files.stat(path) === undefined) return undefined;
    const length = this.open.get(path).readSync(this.unit, 0, EXT_UNIT_BYTES, at);
    return length < EXT_UNIT_BYTES ? undefined : extTagsCode(this.unit, 0);
  }

  deleteTopic(topic: string): void {
    this.open.closeAll();
    this.topics.delete(topic);
    this.files.removeTree(`${this.directory}/${topic}`);
  }

  close(): void {
    this.open.closeAll();
  }
}
