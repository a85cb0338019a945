import type { Host, OpenFile } from '@batonmq/host';
import type { ReplicaLog } from '../../src';

const HEAD = 8;
const MAGIC = 0x0ba70211;

/** A log on a (simulated) disk, with just enough of a store's behaviour: records, recovery, a persisted confirm offset. */
export class FileLog implements ReplicaLog {
  readonly fileSize: number;
  private readonly file: OpenFile;
  private readonly confirmFile: OpenFile;
  private base = 0;
  private bytes = Buffer.alloc(0);
  private end = 0;
  private written = 0;
  private confirm = 0;
  private flushing = false;
  private empty = true;
  private readonly listeners = new Set<(max: number) => void>();
  /** Set by a test: called between the steps of a cut. */
  onTruncate: () => void = () => {};
  truncations: number[] = [];

  constructor(
    private readonly host: Host,
    directory: string,
    options: { fileSize?: number } = {},
  ) {
    this.fileSize = options.fileSize ?? 65536;
    host.files.makeDirs(directory);
    this.file = host.files.open(`${directory}/log`, 'create');
    this.confirmFile = host.files.open(`${directory}/confirm`, 'create');
    this.recover();
  }

  /** Base of a log that begins above 0 is not kept over restarts; tests that need it do not restart. */
  private recover(): void {
    const length = this.file.bytes();
    this.bytes = Buffer.alloc(Math.max(1024, length * 2));
    this.file.readSync(this.bytes, 0, length, 0);
    this.end = length;
    this.end = this.lastBoundary(0);
    this.file.truncateSync(this.end);
    this.written = this.end;
    this.empty = this.end === 0;
    const stored = Buffer.alloc(8);
    const read = this.confirmFile.readSync(stored, 0, 8, 0);
    this.confirm = read === 8 ? Math.min(stored.readDoubleBE(0), this.end) : 0;
  }

  /** A message of the master. @returns end offset */
  put(text: string): number {
    const body = Buffer.from(text);
    const record = Buffer.alloc(HEAD + body.length);
    record.writeUInt32BE(MAGIC, 0);
    record.writeUInt32BE(body.length, 4);
    body.copy(record, HEAD);
    this.add(record);
    return this.end;
  }

  minOffset(): number {
    return this.empty ? -1 : this.base;
  }
  maxOffset(): number {
    return this.end;
  }
  confirmOffset(): number {
    return this.confirm;
  }
  setConfirmOffset(offset: number): void {
    if (offset > this.end) throw new Error(`confirm ${offset} above the end ${this.end}`);
    this.confirm = offset;
    const bytes = Buffer.alloc(8);
    bytes.writeDoubleBE(offset);
    this.confirmFile.writeSync(bytes, 0, 8, 0);
  }

  read(offset: number, maxBytes: number): Buffer | undefined {
    if (this.empty || offset < this.base || offset >= this.written) return undefined;
    const fileEnd = offset - (offset % this.fileSize) + this.fileSize;
    const end = Math.min(this.written, offset + maxBytes, fileEnd);
    return Buffer.from(this.bytes.subarray(offset - this.base, end - this.base));
  }

  append(offset: number, bytes: Buffer): void {
    if (this.empty) {
      this.base = offset;
      this.end = this.written = offset;
    }
    if (offset !== this.end) throw new Error(`append at ${offset}, end is ${this.end}`);
    this.add(bytes);
  }

  async truncate(offset: number): Promise<void> {
    if (!this.isBoundary(offset)) throw new Error(`NOT_A_MESSAGE_BOUNDARY ${offset}`);
    this.truncations.push(offset);
    this.end = this.written = offset;
    this.confirm = Math.min(this.confirm, offset);
    this.file.truncateSync(offset - this.base);
    this.onTruncate();
    await this.file.datasync();
    this.empty = this.end === this.base && this.end === 0;
  }

  async cutIncompleteTail(): Promise<number> {
    const boundary = this.lastBoundary(this.base);
    if (boundary < this.end) await this.truncate(boundary);
    return boundary;
  }

  /** The disk is dead, since a test said so. */
  broken: Error | undefined;

  failure(): Error | undefined {
    return this.broken;
  }

  /** Held back until this is called, when a test has set it. */
  holdSync: ((release: () => void) => void) | undefined;

  async sync(): Promise<void> {
    if (this.broken !== undefined) throw this.broken;
    const hold = this.holdSync;
    if (hold !== undefined) await new Promise<void>((resolve) => hold(resolve));
    this.flush();
    await this.file.datasync();
  }

  rebuildQueueOffsets(): void {}

  onAppended(listener: (max: number) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /** Texts of the records below `limit`. */
  texts(limit = this.end): string[] {
    const found: string[] = [];
    for (let at = this.base; ;) {
      const next = this.recordEnd(at);
      if (next === undefined || next > limit) return found;
      found.push(this.bytes.toString('utf8', at - this.base + HEAD, next - this.base));
      at = next;
    }
  }

  slice(limit: number): Buffer {
    return this.bytes.subarray(0, limit - this.base);
  }

  private add(record: Buffer): void {
    const at = this.end - this.base;
    if (at + record.length > this.bytes.length) {
      const larger = Buffer.alloc((at + record.length) * 2);
      this.bytes.copy(larger, 0, 0, at);
      this.bytes = larger;
    }
    record.copy(this.bytes, at);
    this.end += record.length;
    this.empty = false;
    if (this.flushing) return;
    this.flushing = true;
    this.host.timers.endOfTurn(() => this.flush());
  }

  private flush(): void {
    this.flushing = false;
    if (this.end <= this.written) return;
    const from = this.written - this.base;
    this.file.writeSync(this.bytes, from, this.end - this.written, from);
    this.written = this.end;
    for (const listener of this.listeners) listener(this.written);
  }

  private isBoundary(offset: number): boolean {
    let at = this.base;
    while (at < offset) {
      const next = this.recordEnd(at);
      if (next === undefined) return false;
      at = next;
    }
    return at === offset;
  }

  private lastBoundary(from: number): number {
    let at = from;
    for (let next = this.recordEnd(at); next !== undefined; next = this.recordEnd(at)) at = next;
    return at;
  }

  private recordEnd(at: number): number | undefined {
    const local = at - this.base;
    if (at + HEAD > this.end || this.bytes.readUInt32BE(local) !== MAGIC) return undefined;
    const end = at + HEAD + this.bytes.readUInt32BE(local + 4);
    return end <= this.end ? end : undefined;
  }
}
