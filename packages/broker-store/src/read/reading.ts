import type { StoreParts } from '../store/store-parts';
import { getBatches } from './get-batches';
import { MessageGetter, type TransferLimits } from './get-messages';
import type { GetResult, MessageFilter } from './get-result';
import { type KeyQueryResult, queryByKey } from './query-by-key';
import { RecordReader } from './record-reader';
import { TimeSearch } from './time-search';

/** What consumers and administrators ask for; see `MessageStore` for the meaning of each. */
export class Reading {
  getCount = 0;
  getFoundCount = 0;
  getMessageCount = 0;
  getBytes = 0;
  private readonly reader: RecordReader;
  private readonly getter: MessageGetter;
  private readonly limits: TransferLimits;
  private readonly timeSearch: TimeSearch;

  constructor(private readonly parts: StoreParts) {
    const { commitLog, host, options } = parts;
    this.reader = new RecordReader(commitLog);
    const memoryBytes = Math.floor((host.machine.totalMemoryBytes * options.accessMessageInMemoryMaxRatio) / 100);
    this.limits = { ...options, memoryBytes };
    this.getter = new MessageGetter(commitLog, this.reader, this.limits, parts.extUnits);
    this.timeSearch = new TimeSearch(commitLog);
  }

  getMessages(
    topic: string,
    queueId: number,
    offset: number,
    maxCount: number,
    maxBytes: number,
    filter?: MessageFilter,
  ): GetResult {
    const { table, commitLog } = this.parts;
    const queue = table.find(topic, queueId);
    const batch = queue === undefined ? table.batch.find(topic, queueId) : undefined;
    const result =
      batch === undefined
        ? this.getter.get(queue, offset, maxCount, maxBytes, filter)
        : getBatches(commitLog, this.reader, this.limits, batch, offset, maxCount, maxBytes, filter);
    this.getCount++;
    if (result.count > 0) {
      this.getFoundCount++;
      this.getMessageCount += result.count;
      this.getBytes += result.bytes;
    }
    return result;
  }

  offsetByTime(topic: string, queueId: number, timestampMs: number, boundary: 'LOWER' | 'UPPER'): number {
    const { table } = this.parts;
    const queue = table.find(topic, queueId);
    if (queue !== undefined) return this.timeSearch.search(queue, timestampMs, boundary);
    return table.batch.find(topic, queueId)?.offsetByTime(timestampMs, boundary) ?? 0;
  }

  earliestTime(topic: string, queueId: number): number {
    const min = this.parts.table.bounds(topic, queueId)?.minOffset;
    return min === undefined ? -1 : this.timeAt(topic, queueId, min);
  }

  timeAt(topic: string, queueId: number, offset: number): number {
    const { table } = this.parts;
    const queue = table.find(topic, queueId);
    if (queue !== undefined) return this.timeSearch.timeAt(queue, offset);
    return table.batch.find(topic, queueId)?.timeAt(offset) ?? -1;
  }

  messageAt(physicalOffset: number): Buffer | undefined {
    return this.reader.recordAt(physicalOffset);
  }

  queryByKey(topic: string, key: string, maxNum: number, begin: number, end: number): KeyQueryResult {
    const { index, options, dispatcher } = this.parts;
    const limit = Math.min(maxNum, options.maxMsgsNumBatch);
    return queryByKey(index, this.reader, topic, key, limit, begin, end, dispatcher.position);
  }

  /** Files have gone. */
  forgetChunks(): void {
    this.reader.reset();
  }

  /** The log was cut. */
  reset(): void {
    this.reader.reset();
    this.timeSearch.reset();
  }
}
