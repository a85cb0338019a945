import { BLANK_UNIT_SIZE, UNIT_BYTES, unitExtPosition, unitPhy, unitSize, unitTagsCode } from '../format/queue-unit';
import type { CommitLog } from '../log/commit-log';
import type { ConsumeQueue } from '../queue/consume-queue';
import type { ExtUnits } from '../queue/ext-units';
import type { GetResult, GetStatus, MessageFilter } from './get-result';
import type { RecordReader } from './record-reader';
import { UnitWindows } from './unit-windows';

export interface TransferLimits {
  readonly maxTransferBytesOnMessageInMemory: number;
  readonly maxTransferCountOnMessageInMemory: number;
  readonly maxTransferBytesOnMessageInDisk: number;
  readonly maxTransferCountOnMessageInDisk: number;
  /** Bytes of queue units looked at in one call. */
  readonly maxFilterMessageSize: number;
  /** Bytes behind the log's end that count as being in memory. */
  readonly memoryBytes: number;
}

const MAX_BYTES = 128 << 20;
const LEAST_BYTES = 100;

/**
 * Messages of a queue from `offset` on: store-format 10.1, row by row. @source DefaultMessageStore.getMessage
 */
export class MessageGetter {
  private readonly view = new UnitWindows();
  // The state of the call that runs; there is never more than one.
  private count = 0;
  private bytes = 0;
  private next = 0;
  private lastPhy = 0;
  private skipped: GetStatus = 'NO_MATCHED_MESSAGE';

  constructor(
    private readonly log: CommitLog,
    private readonly reader: RecordReader,
    private readonly limits: TransferLimits,
    private readonly extUnits: ExtUnits,
  ) {}

  get(
    queue: ConsumeQueue | undefined,
    offset: number,
    maxCount: number,
    maxBytes: number,
    filter?: MessageFilter,
  ): GetResult {
    this.reader.begin();
    this.count = this.bytes = this.lastPhy = 0;
    if (queue === undefined) return this.result('NO_MATCHED_LOGIC_QUEUE', 0, 0, 0);
    const { minOffset, maxOffset } = queue;
    if (maxOffset === 0) return this.result('NO_MESSAGE_IN_QUEUE', 0, minOffset, maxOffset);
    if (offset < minOffset) return this.result('OFFSET_TOO_SMALL', minOffset, minOffset, maxOffset);
    if (offset === maxOffset) return this.result('OFFSET_OVERFLOW_ONE', offset, minOffset, maxOffset);
    if (offset > maxOffset) return this.result('OFFSET_OVERFLOW_BADLY', maxOffset, minOffset, maxOffset);
    return this.collect(queue, offset, maxCount, maxBytes, filter);
  }

  private collect(
    queue: ConsumeQueue,
    offset: number,
    maxCount: number,
    maxBytes: number,
    filter?: MessageFilter,
  ): GetResult {
    const { minOffset, maxOffset } = queue;
    const maxUnits = Math.max(Math.ceil(this.limits.maxFilterMessageSize / UNIT_BYTES), maxCount);
    const byteLimit = Math.max(LEAST_BYTES, Math.min(maxBytes, MAX_BYTES));
    this.next = offset;
    this.skipped = 'NO_MATCHED_MESSAGE';
    // Without a filter nearly every unit is a message.
    let units = queue.view(offset, filter === undefined ? maxCount : maxUnits, this.view);
    if (units === 0) return this.result('OFFSET_FOUND_NULL', queue.nextFileOffset(offset), minOffset, maxOffset);
    this.take(queue, units, maxCount, byteLimit, filter);
    // The queue file or its part in memory may end before the look did: while nothing was found, go on behind it.
    while (this.count === 0 && this.next - offset < maxUnits && this.next < maxOffset) {
      units = queue.view(this.next, maxUnits - (this.next - offset), this.view);
      if (units === 0) break;
      this.take(queue, units, maxCount, byteLimit, filter);
    }
    return this.result(this.count > 0 ? 'FOUND' : this.skipped, this.next, minOffset, maxOffset);
  }

  /** Looks at the units of the view; stops before the first that does not fit any more. */
  private take(queue: ConsumeQueue, count: number, maxCount: number, byteLimit: number, filter?: MessageFilter): void {
    const { units, at: first } = this.view;
    let holeEnd = 0;
    this.reader.expectGap(gapBetween(units, first, Math.min(count, maxCount)));
    for (let i = 0; i < count; i++) {
      const at = first + i * UNIT_BYTES;
      const phy = unitPhy(units, at);
      const size = unitSize(units, at);
      if (this.count > 0 && this.isFull(phy, size, maxCount, byteLimit)) return;
      this.next++;
      this.lastPhy = phy;
      if ((phy === 0 && size === BLANK_UNIT_SIZE) || phy < holeEnd) {
        this.skipped = 'MESSAGE_WAS_REMOVING';
      } else if (filter?.matchesTags !== undefined && !this.matchesTags(queue, units, at, filter)) {
        this.skipped = 'NO_MATCHED_MESSAGE';
      } else if (this.add(phy, size, filter)) {
        holeEnd = 0;
      } else if (this.skipped === 'MESSAGE_WAS_REMOVING') {
        // Only what was cleaned is a hole; a unit that points elsewhere is damaged, and says nothing of those behind it.
        holeEnd = phy < this.log.min ? this.log.min : 0;
      }
    }
  }

  private matchesTags(queue: ConsumeQueue, units: Buffer, at: number, filter: MessageFilter): boolean {
    const position = unitExtPosition(units, at);
    if (position < 0) return filter.matchesTags?.(unitTagsCode(units, at)) !== false;
    const tagsCode = this.extUnits.tagsCode(queue.topic, queue.queueId, position);
    return tagsCode === undefined || filter.matchesTags?.(tagsCode) !== false;
  }

  private isFull(phy: number, size: number, maxCount: number, byteLimit: number): boolean {
    const { limits } = this;
    const bytes = this.bytes + size;
    if (this.count + 1 > maxCount || bytes > byteLimit) return true;
    if (this.log.writtenEnd - phy <= limits.memoryBytes) {
      return bytes > limits.maxTransferBytesOnMessageInMemory || this.count >= limits.maxTransferCountOnMessageInMemory;
    }
    return bytes > limits.maxTransferBytesOnMessageInDisk || this.count >= limits.maxTransferCountOnMessageInDisk;
  }

  private add(phy: number, size: number, filter?: MessageFilter): boolean {
    const { reader } = this;
    if (!reader.seek(phy, size) || !reader.saysItself(phy, size)) {
      this.skipped = 'MESSAGE_WAS_REMOVING';
      return false;
    }
    if (filter?.matchesMessage !== undefined && !filter.matchesMessage(reader.slice(size))) {
      this.skipped = 'NO_MATCHED_MESSAGE';
      return false;
    }
    reader.take(size);
    this.count++;
    this.bytes += size;
    return true;
  }

  private result(status: GetStatus, nextBeginOffset: number, minOffset: number, maxOffset: number): GetResult {
    const { count, bytes } = this;
    const messages = this.reader.finish();
    const suggestPullingFromSlave = this.count > 0 && this.log.writtenEnd - this.lastPhy > this.limits.memoryBytes;
    return { status, nextBeginOffset, minOffset, maxOffset, messages, count, bytes, suggestPullingFromSlave };
  }
}

/** Bytes of the log between two records, on average; far more than a record when there is only one. */
function gapBetween(units: Buffer, at: number, count: number): number {
  if (count < 2) return Infinity;
  return (unitPhy(units, at + (count - 1) * UNIT_BYTES) - unitPhy(units, at)) / (count - 1);
}
