import type { CommitLog } from '../log/commit-log';
import type { BatchQueue } from '../queue/batch-queue';
import type { TransferLimits } from './get-messages';
import type { GetResult, GetStatus, MessageFilter } from './get-result';
import type { RecordReader } from './record-reader';

const LEAST_BYTES = 100;
/** Units looked at in one call. */
const MAX_UNITS = 800;

/**
 * Messages of a batch queue: records as they are, each with all its messages, also when `offset` lies inside one.
 * `count` is of messages. @source DefaultMessageStore.getMessage, BatchConsumeQueue
 */
export function getBatches(
  log: CommitLog,
  reader: RecordReader,
  limits: TransferLimits,
  queue: BatchQueue,
  offset: number,
  maxCount: number,
  maxBytes: number,
  filter?: MessageFilter,
): GetResult {
  const { minOffset, maxOffset } = queue;
  reader.begin();
  let [count, bytes, units, next, lastPhy] = [0, 0, 0, offset, 0];
  let status: GetStatus | undefined = outside(queue, offset);
  if (status === 'OFFSET_TOO_SMALL') next = minOffset;
  if (status === 'OFFSET_OVERFLOW_BADLY') next = maxOffset;
  if (status === undefined) {
    status = 'NO_MATCHED_MESSAGE';
    const byteLimit = Math.max(LEAST_BYTES, maxBytes);
    queue.from(offset, (unit) => {
      if (units++ >= MAX_UNITS || (count > 0 && (count + unit.count > maxCount || bytes + unit.size > byteLimit)))
        return false;
      const near = log.writtenEnd - unit.phy <= limits.memoryBytes;
      const most = near ? limits.maxTransferBytesOnMessageInMemory : limits.maxTransferBytesOnMessageInDisk;
      if (count > 0 && bytes + unit.size > most) return false;
      next = unit.base + unit.count;
      lastPhy = unit.phy;
      if (filter?.matchesTags?.(unit.tagsCode) === false) return true;
      if (!reader.seek(unit.phy, unit.size)) {
        if (count === 0) status = 'MESSAGE_WAS_REMOVING';
        return true;
      }
      if (filter?.matchesMessage !== undefined && !filter.matchesMessage(reader.slice(unit.size))) return true;
      reader.take(unit.size);
      count += unit.count;
      bytes += unit.size;
      return true;
    });
    if (count > 0) status = 'FOUND';
    else if (next === offset) status = 'OFFSET_FOUND_NULL';
  }
  const messages = reader.finish();
  const suggestPullingFromSlave = count > 0 && log.writtenEnd - lastPhy > limits.memoryBytes;
  return { status, nextBeginOffset: next, minOffset, maxOffset, messages, count, bytes, suggestPullingFromSlave };
}

function outside({ minOffset, maxOffset }: BatchQueue, offset: number): GetStatus | undefined {
  if (maxOffset === 0) return 'NO_MESSAGE_IN_QUEUE';
  if (offset < minOffset) return 'OFFSET_TOO_SMALL';
  if (offset === maxOffset) return 'OFFSET_OVERFLOW_ONE';
  return offset > maxOffset ? 'OFFSET_OVERFLOW_BADLY' : undefined;
}
