import { isBlankUnit, unitPhy } from '../format/queue-unit';
import { storeTimestampPlace } from '../format/record';
import { readInt64 } from '../format/int64';
import type { CommitLog } from '../log/commit-log';
import { LogCursor } from '../log/log-cursor';
import type { ConsumeQueue } from '../queue/consume-queue';
import { UnitView } from '../queue/unit-view';

/** Bytes of a record up to behind its storeTimestamp, with an IPv6 born host. */
const HEAD_BYTES = 76;

/** Queue offsets by storeTimestamp, which does not decrease along a queue. @source ConsumeQueue.binarySearchInQueueByTime */
export class TimeSearch {
  private readonly view = new UnitView();
  private readonly cursor: LogCursor;

  constructor(private readonly log: CommitLog) {
    this.cursor = new LogCursor(log, HEAD_BYTES, true);
  }

  /** storeTimestamp of the message at `offset` of the queue; -1 when it is gone. */
  timeAt(queue: ConsumeQueue, offset: number): number {
    if (queue.view(offset, 1, this.view) !== 1 || isBlankUnit(this.view.units, this.view.at)) return -1;
    return this.timeOf(unitPhy(this.view.units, this.view.at));
  }

  private timeOf(phy: number): number {
    const { cursor, log } = this;
    if (phy < log.min || !cursor.seek(phy, HEAD_BYTES)) return -1;
    return readInt64(cursor.buffer, cursor.at + storeTimestampPlace(cursor.buffer.readInt32BE(cursor.at + 36)));
  }

  /**
   * LOWER: the first message stored at or after `timestamp`, one past the last when there is none.
   * UPPER: the last one stored at or before it. Both within [minOffset, maxOffset].
   */
  search(queue: ConsumeQueue, timestamp: number, boundary: 'LOWER' | 'UPPER'): number {
    const { minOffset, maxOffset } = queue;
    // The first offset whose message is later than the wanted time (UPPER) or not earlier (LOWER).
    let low = minOffset;
    let high = maxOffset;
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const time = this.timeAt(queue, middle);
      if (boundary === 'LOWER' ? time >= timestamp : time > timestamp) high = middle;
      else low = middle + 1;
    }
    return boundary === 'LOWER' ? low : Math.max(minOffset, low - 1);
  }

  reset(): void {
    this.cursor.reset();
  }
}
