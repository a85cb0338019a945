import { type Logger, textOf } from '@batonmq/host';
import { SCHEDULE_TOPIC, deliveryTime } from '../format/delay-levels';
import { MAX_BATCH_COUNT } from '../format/batch-unit';
import { PropertyPlaces, PROPERTY } from '../format/properties';
import { propertyValue } from '../format/property-text';
import { FOUND, RecordHeader, SYS_FLAG, takesQueueOffset } from '../format/record';
import type { CommitLog } from '../log/commit-log';
import { LogCursor } from '../log/log-cursor';
import type { ConsumeQueue } from '../queue/consume-queue';
import type { LightQueues } from '../queue/light-queues';
import type { QueueTable, Topic } from '../queue/queue-table';

const WINDOW_BYTES = 1 << 20;

/** Whoever else wants every record: the index. Must not fail on content. */
export interface RecordIndexer {
  /** `bytes`, `header` and `properties` are lent for the call. */
  add(topic: Topic, bytes: Buffer, header: RecordHeader, properties: PropertyPlaces): void;
}

/** (topic, queueId, newMaxOffset, tagsCode) after a message became visible. */
export type ArrivalListener = (topic: string, queueId: number, newMaxOffset: number, tagsCode: number) => void;

/** Calls that must not stop what goes on: a failing listener is logged, the others hear it. */
export class Listeners<Args extends unknown[]> {
  private readonly all = new Set<(...args: Args) => void>();

  constructor(private readonly log: Logger) {}

  add(listener: (...args: Args) => void): () => void {
    this.all.add(listener);
    return () => this.all.delete(listener);
  }

  call(...args: Args): void {
    for (const listener of this.all) {
      try {
        listener(...args);
      } catch (error) {
        this.log.error({ error: textOf(error) }, 'a listener of the store failed');
      }
    }
  }
}

/**
 * Turns records of the log into queue units and index entries, in the order of the log. The content of a message never
 * stops it (`poison-dispatch`). @source DefaultMessageStore.ReputMessageService
 */
export class Dispatcher {
  /** Everything below is in the queues. */
  position = 0;
  dispatchedCount = 0;
  /** storeTimestamp of the last record dispatched. */
  lastTimestamp = 0;
  /** Records that could not get a unit: unusable topic, inner batch, impossible queue offset. */
  skippedCount = 0;
  private readonly cursor: LogCursor;
  private readonly header = new RecordHeader();
  private readonly properties = new PropertyPlaces();
  private stuckAt = -1;

  constructor(
    private readonly log: CommitLog,
    private readonly queues: QueueTable,
    private readonly lightQueues: LightQueues,
    private readonly delayLevelsMs: readonly number[],
    private readonly indexer: RecordIndexer | undefined,
    private readonly arrivals: Listeners<Parameters<ArrivalListener>>,
    private readonly logger: Logger,
  ) {
    this.cursor = new LogCursor(log, WINDOW_BYTES, true);
  }

  /**
   * Dispatches records that end at or below `limit`, about `maxBytes` of them.
   * @returns whether it stopped because of `maxBytes`. @throws HostError when a queue cannot be written; to be repeated
   */
  run(limit: number, maxBytes: number): boolean {
    const { log, cursor, header } = this;
    if (this.position < log.min) this.position = log.min;
    const pause = this.position + maxBytes;
    const end = Math.min(limit, log.writtenEnd);
    while (this.position < end) {
      if (this.position >= pause) return true;
      const found = cursor.record(this.position, header, end);
      if (found > 0) {
        this.dispatch(cursor.buffer, header);
        this.position += found;
      } else if (found === FOUND.blank) {
        const next = this.position + log.fileSize - (this.position % log.fileSize);
        // Of a replica: the rest of the blank has not come, and may never.
        if (next > end) return false;
        this.position = next;
      } else if (found === FOUND.incomplete || !this.passBadRecord(end)) {
        return false;
      }
    }
    return false;
  }

  /** A record already read: `bytes` holds it, `header` describes it. */
  dispatch(bytes: Buffer, header: RecordHeader): void {
    const { properties } = this;
    properties.scan(bytes, header.propertiesStart, header.propertiesEnd);
    const topic = this.queues.topicOfBytes(bytes, header.topicStart, header.topicEnd);
    if (takesQueueOffset(header.sysFlag)) this.addUnit(topic, bytes, header);
    this.indexer?.add(topic, bytes, header, properties);
    this.lastTimestamp = header.storeTimestamp;
    this.dispatchedCount++;
  }

  /** Gives a record its units again where its queue is one of `names` (`topic/id`); nothing else is done with it. */
  redispatch(bytes: Buffer, header: RecordHeader, names: ReadonlySet<string>): void {
    if (!takesQueueOffset(header.sysFlag)) return;
    const topic = this.queues.topicOfBytes(bytes, header.topicStart, header.topicEnd);
    if (!names.has(`${topic.name}/${header.queueId}`)) return;
    this.properties.scan(bytes, header.propertiesStart, header.propertiesEnd);
    this.addUnit(topic, bytes, header);
  }

  private addUnit(topic: Topic, bytes: Buffer, header: RecordHeader): void {
    if (!this.isQueueable(topic, header) || header.physicalOffset < topic.ignoreBelow) return;
    const tagsCode = this.tagsCode(topic, bytes, header);
    if (this.queues.isBatch(topic, isInnerBatch(header))) {
      this.addBatchUnit(topic, bytes, header, tagsCode);
      return;
    }
    const queue = this.queues.queue(topic, header.queueId);
    this.append(queue, header.queueOffset, header, tagsCode, header.storeTimestamp);
    this.eachLightUnit(bytes, (light, offset) => this.append(light, offset, header, tagsCode));
  }

  private addBatchUnit(topic: Topic, bytes: Buffer, header: RecordHeader, tagsCode: number): void {
    const queue = this.queues.batch.queue(topic.name, header.queueId);
    const { physicalOffset: phy, size, storeTimestamp, queueOffset: base } = header;
    const count = this.messagesIn(bytes, header);
    if (queue.append({ phy, size, tagsCode, storeTimestamp, base, count }) === 'present') return;
    this.arrivals.call(topic.name, header.queueId, queue.maxOffset, tagsCode);
  }

  /** Messages in a record: 1, or what INNER_NUM says of a batch. Nonsense there counts as 1. */
  messagesIn(bytes: Buffer, header: RecordHeader): number {
    if (!isInnerBatch(header)) return 1;
    const text = bytes.toString('utf8', header.propertiesStart, header.propertiesEnd);
    const count = Number(propertyValue(text, PROPERTY.innerNum));
    return Number.isInteger(count) && count > 0 && count <= MAX_BATCH_COUNT ? count : 1;
  }

  private append(
    queue: ConsumeQueue,
    queueOffset: number,
    header: RecordHeader,
    tagsCode: number,
    extTimestamp?: number,
  ): void {
    const result = queue.append(queueOffset, header.physicalOffset, header.size, tagsCode, extTimestamp);
    if (result === 'present') return;
    if (result === 'refused' || result === 'gap') this.reportHole(result, queue, queueOffset, header);
    if (result === 'refused') return;
    this.queues.touch(queue);
    this.arrivals.call(queue.topic, queue.queueId, queue.maxOffset, tagsCode);
  }

  /** Of the record whose properties have been scanned. */
  private eachLightUnit(bytes: Buffer, unit: (queue: ConsumeQueue, offset: number) => void): void {
    const { lightNamesStart, lightNamesEnd, lightOffsetsStart, lightOffsetsEnd } = this.properties;
    if (lightNamesStart === 0 || lightOffsetsStart === 0) return;
    const names = bytes.toString('utf8', lightNamesStart, lightNamesEnd);
    this.lightQueues.eachUnit(names, bytes.toString('latin1', lightOffsetsStart, lightOffsetsEnd), unit);
  }

  /** The light queues of a record, and its offsets there. */
  lightUnitsOf(bytes: Buffer, header: RecordHeader, unit: (queue: ConsumeQueue, offset: number) => void): void {
    if (!this.lightQueues.enableLmq) return;
    this.properties.scan(bytes, header.propertiesStart, header.propertiesEnd);
    this.eachLightUnit(bytes, unit);
  }

  private isQueueable(topic: Topic, header: RecordHeader): boolean {
    if (
      (!isInnerBatch(header) || this.queues.isBatch(topic, true)) &&
      header.queueId >= 0 &&
      header.queueOffset >= 0 &&
      topic.usable
    ) {
      return true;
    }
    if (this.skippedCount++ === 0) {
      const { physicalOffset, queueId } = header;
      this.logger.error(
        { topic: topic.name, queueId, physicalOffset },
        'record without a queue unit: inner batch or unusable topic',
      );
    }
    return false;
  }

  private reportHole(result: string, queue: ConsumeQueue, queueOffset: number, header: RecordHeader): void {
    if (result === 'refused') this.skippedCount++;
    const { topic, queueId, maxOffset } = queue;
    this.logger.error(
      { topic, queueId, queueOffset, physicalOffset: header.physicalOffset, maxOffset, result },
      'units are missing in a queue',
    );
  }

  private tagsCode(topic: Topic, bytes: Buffer, header: RecordHeader): number {
    if (topic.name === SCHEDULE_TOPIC) {
      const level = this.properties.delayLevel(bytes);
      if (level !== undefined && level > 0) return deliveryTime(this.delayLevelsMs, level, header.storeTimestamp);
    }
    return this.properties.tagsCode(bytes);
  }

  /** Goes past a record with a broken frame when a good one follows at its end; else waits, and says so once. */
  private passBadRecord(end: number): boolean {
    const { cursor, header, log } = this;
    const at = this.position;
    if (cursor.seek(at, 8)) {
      const size = cursor.buffer.readInt32BE(cursor.at);
      const sameFile = size > 8 && (at % log.fileSize) + size < log.fileSize;
      if (sameFile && cursor.record(at + size, header, end) > 0 && header.physicalOffset === at + size) {
        this.logger.error({ physicalOffset: at, size }, 'unreadable record skipped by dispatch');
        this.position = at + size;
        return true;
      }
    }
    if (this.stuckAt !== at) this.logger.error({ physicalOffset: at }, 'dispatch waits: no record can be read here');
    this.stuckAt = at;
    return false;
  }

  /** After a cut of the log at `offset`. */
  cutTo(offset: number): void {
    this.cursor.reset();
    this.position = Math.min(this.position, offset);
    this.stuckAt = -1;
  }
}

function isInnerBatch(header: RecordHeader): boolean {
  return (header.sysFlag & SYS_FLAG.innerBatch) !== 0;
}
