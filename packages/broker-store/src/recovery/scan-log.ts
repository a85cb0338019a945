import { FOUND, RecordHeader } from '../format/record';
import type { RecordCheck } from '../format/record-check';
import type { CommitLog } from '../log/commit-log';
import { LogCursor } from '../log/log-cursor';
import type { FileHead } from './start-file';

const WINDOW_BYTES = 4 << 20;
/** No writer puts this into properties; a file does, where nothing was written. A topic has no zero at all. */
const NOTHING_WRITTEN = Buffer.alloc(8);

/**
 * Reads the log record by record. A record is good when its frame holds together, its body has its CRC, and it says that it
 * lies where it lies: a record left over from another history of this place is not one.
 * What its properties say does not matter (`poison-property`), only that they were written: the CRC does not cover them,
 * and of a record that was cut off there (a replica killed between two packets, a page that was lost) the rest is zeros.
 */
export class LogScanner {
  readonly header = new RecordHeader();
  readonly cursor: LogCursor;

  constructor(
    private readonly log: CommitLog,
    private readonly check: RecordCheck,
    windowBytes = WINDOW_BYTES,
  ) {
    this.cursor = new LogCursor(log, windowBytes, true);
  }

  /** @returns size of the good record at `offset`, or one of FOUND */
  at(offset: number, limit: number): number {
    const { cursor, header } = this;
    const found = cursor.record(offset, header, limit);
    if (found <= 0) return found;
    const holds = header.physicalOffset === offset && this.check.holds(header, cursor.buffer, cursor.at);
    return holds && this.textIsWhole() ? found : FOUND.bad;
  }

  private textIsWhole(): boolean {
    const { topicStart, topicEnd, propertiesStart, propertiesEnd } = this.header;
    const { buffer } = this.cursor;
    for (let at = topicStart; at < topicEnd; at++) if (buffer[at] === 0) return false;
    if (propertiesEnd === propertiesStart) return true;
    return (
      buffer[propertiesEnd - 1] !== 0 && !buffer.subarray(propertiesStart, propertiesEnd).includes(NOTHING_WRITTEN)
    );
  }

  /** Newest first. */
  *heads(): Generator<FileHead> {
    const { starts } = this.log.series;
    for (let i = starts.length - 1; i >= 0; i--) {
      const start = starts[i] as number;
      const good = this.at(start, this.log.writtenEnd) > 0;
      const { physicalOffset, storeTimestamp } = this.header;
      yield { start, record: good ? { physicalOffset, storeTimestamp } : undefined };
    }
  }

  /**
   * From `offset` on, as long as records are good, and blanks whole.
   * @param visit called with each; `cursor.buffer` and `header` are its
   * @returns the end of the last good record, or of the file behind a blank one
   */
  run(offset: number, limit: number, visit: (size: number) => void): number {
    const { log } = this;
    let position = offset;
    while (position < limit) {
      const found = this.at(position, limit);
      if (found > 0) {
        visit(found);
        position += found;
      } else if (found === FOUND.blank) {
        const end = position + log.fileSize - (position % log.fileSize);
        // Of a replica: the rest of a blank that has not come yet is not the place for a record.
        if (end > limit) break;
        position = end;
        if (!log.hasFile(position)) break;
      } else {
        break;
      }
    }
    return position;
  }
}
