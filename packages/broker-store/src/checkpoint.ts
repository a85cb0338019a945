import type { Files, OpenFile } from '@batonmq/host';
import { readInt64, writeInt64 } from './format/int64';

const FILE_BYTES = 4096;
const USED_BYTES = 40;
/** Readers go back this much further: what the file says may be a little ahead of the disk. */
const MARGIN_MS = 3000;

/**
 * How far the other files are known to be on the disk: five i64, then zeros to 4096 bytes. @source StoreCheckpoint
 *
 *     0            8              16            24                    32
 *     | log time   | queues time  | index time  | master's flushed    | confirm offset
 */
export class Checkpoint {
  /** storeTimestamp of a message synced in the commit log. */
  logTimestamp = 0;
  /** storeTimestamp up to which all queue units are synced. */
  queuesTimestamp = 0;
  /** storeTimestamp of the last message in a full, synced index file. */
  indexTimestamp = 0;
  masterFlushedOffset = 0;
  confirmOffset = 0;
  /** Highest confirm offset that the disk may have: what `load` reads may be in the page cache only. */
  private confirmHigh = Infinity;
  private file: OpenFile | undefined;
  /** The file has more than what was last synced. */
  private unsynced = false;
  private readonly saved = Buffer.alloc(FILE_BYTES);
  private readonly confirmBytes = Buffer.alloc(8);
  private syncing: Promise<void> | undefined;

  constructor(
    private readonly files: Files,
    private readonly path: string,
  ) {}

  /** A missing or short file (24 bytes, 4.9) leaves zeros: recovery then starts further back. */
  load(): void {
    const content = this.files.readAll(this.path);
    if (content === undefined) return;
    content.copy(this.saved, 0, 0, Math.min(content.length, USED_BYTES));
    this.logTimestamp = readInt64(this.saved, 0);
    this.queuesTimestamp = readInt64(this.saved, 8);
    this.indexTimestamp = readInt64(this.saved, 16);
    this.masterFlushedOffset = readInt64(this.saved, 24);
    this.confirmOffset = readInt64(this.saved, 32);
  }

  /** The confirm offset in the file, or on its way there, may be above `offset`. */
  mayExceed(offset: number): boolean {
    return this.confirmHigh > offset;
  }

  /** @returns whether that changed something */
  lowerTimestamps(timestamp: number): boolean {
    if (this.logTimestamp <= timestamp && this.queuesTimestamp <= timestamp) return false;
    this.logTimestamp = Math.min(this.logTimestamp, timestamp);
    this.queuesTimestamp = Math.min(this.queuesTimestamp, timestamp);
    return true;
  }

  /** Messages stored before it are in the log and in their queues, on the disk. */
  get safeTimestamp(): number {
    return Math.max(0, Math.min(this.logTimestamp, this.queuesTimestamp) - MARGIN_MS);
  }

  /** Writes and syncs when something changed; one at a time. @throws HostError */
  async save(): Promise<void> {
    // What an earlier sync came to is its caller's business.
    await this.syncing?.catch(() => {});
    const next = Buffer.alloc(USED_BYTES);
    writeInt64(next, this.logTimestamp, 0);
    writeInt64(next, this.queuesTimestamp, 8);
    writeInt64(next, this.indexTimestamp, 16);
    writeInt64(next, this.masterFlushedOffset, 24);
    writeInt64(next, this.confirmOffset, 32);
    if (this.file !== undefined && !this.unsynced && next.equals(this.saved.subarray(0, USED_BYTES))) return;
    next.copy(this.saved);
    const { confirmOffset } = this;
    this.confirmHigh = Math.max(this.confirmHigh, confirmOffset);
    this.file ??= this.openFile();
    this.file.writeSync(this.saved, 0, USED_BYTES, 0);
    this.unsynced = false;
    this.syncing = this.file.datasync();
    try {
      await this.syncing;
    } catch (error) {
      // The same values must be written again.
      this.unsynced = true;
      throw error;
    }
    // Unless a higher one was noted meanwhile.
    if (this.confirmOffset <= confirmOffset) this.confirmHigh = confirmOffset;
  }

  /**
   * Puts the confirm offset into the page cache: cheap enough for every turn, so that after a crash of the process alone
   * consumers see no less than before. @throws HostError
   */
  noteConfirmOffset(offset: number): void {
    if (offset === this.confirmOffset && this.file !== undefined) return;
    this.confirmOffset = offset;
    this.confirmHigh = Math.max(this.confirmHigh, offset);
    this.unsynced = true;
    this.file ??= this.openFile();
    const bytes = this.confirmBytes;
    writeInt64(bytes, offset, 0);
    this.file.writeSync(bytes, 0, 8, 32);
  }

  private openFile(): OpenFile {
    const file = this.files.open(this.path, 'create');
    if (file.bytes() !== FILE_BYTES) file.truncateSync(FILE_BYTES);
    return file;
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }
}
