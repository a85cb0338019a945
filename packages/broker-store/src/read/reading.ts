import type { StoreParts } from '../store/store-parts';
import { MessageGetter } from './get-messages';
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
  private readonly timeSearch: TimeSearch;

  constructor(private readonly parts: StoreParts) {
    const { commitLog, host, options } = parts;
    this.reader = new RecordReader(commitLog);
    const memoryBytes = Math.floor((host.machine.totalMemoryBytes * options.accessMessageInMemoryMaxRatio) / 100);
    this.getter = new MessageGetter(commitLog, this.reader, { ...options, memoryBytes }, parts.extUnits);
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
    const result = this.getter.get(this.parts.table.find(topic, queueId), offset, maxCount, maxBytes, filter);
    this.getCount++;
    if (result.count > 0) {
      this.getFoundCount++;
      this.getMessageCount += result.count;
      this.getBytes += result.bytes;
    }
    return result;
  }

  offsetByTime(topic: string, queueId: number, timestampMs: number, boundary: 'LOWER' | 'UPPER'): number {
    const queue = this.parts.table.find(topic, queueId);
    return queue === undefined ? 0 : this.timeSearch.search(queue, timestampMs, boundary);
  }

  earliestTime(topic: string, queueId: number): number {
    const queue = this.parts.table.find(topic, queueId);
    return queue === undefined ? -1 : this.timeSearch.timeAt(queue, queue.minOffset);
  }

  timeAt(topic: string, queueId: number, offset: number): number {
    const queue = this.parts.table.find(topic, queueId);
    return queue === undefined ? -1 : this.timeSearch.timeAt(queue, offset);
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
