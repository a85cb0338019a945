import { RecordHeader } from '../format/record';
import type { CommitLog } from '../log/commit-log';

const MAX_CHUNK_BYTES = 256 << 10;
const MAX_CHUNKS = 64;

/**
 * Records as slices that may be kept: of the tail cache, or of chunks read from the files. Chunks are read whole, are never
 * overwritten and the newest few are remembered, since a backlog of several queues is read several times over.
 */
export class RecordReader {
  private readonly chunks = new Map<number, Buffer>();
  private buffer: Buffer = Buffer.alloc(0);
  private at = 0;
  private runBuffer: Buffer | undefined;
  private runStart = 0;
  private runEnd = 0;
  private slices: Buffer[] = [];

  private readonly chunkBytes: number;

  constructor(private readonly log: CommitLog) {
    this.chunkBytes = Math.min(MAX_CHUNK_BYTES, log.fileSize);
  }

  /** Begins a list of slices. */
  begin(): void {
    this.runBuffer = undefined;
    this.slices = [];
  }

  /** @returns false when these bytes are not in the log any more, or not yet */
  seek(offset: number, size: number): boolean {
    const { log } = this;
    if (offset < 0 || size <= 0 || offset + size > log.writtenEnd || (offset % log.fileSize) + size > log.fileSize)
      return false;
    const segment = log.cached(offset);
    if (segment !== undefined && offset + size <= segment.end) {
      segment.lent = true;
      this.buffer = segment.buffer;
      this.at = offset - segment.start;
      return true;
    }
    return log.hasFile(offset) && this.seekInChunk(offset, size);
  }

  private seekInChunk(offset: number, size: number): boolean {
    const inFile = offset % this.log.fileSize;
    const start = offset - (inFile % this.chunkBytes);
    if (offset + size <= start + this.chunkBytes) {
      const chunk = this.chunk(start, offset + size);
      if (chunk !== undefined) {
        this.buffer = chunk;
        this.at = offset - start;
        return true;
      }
    }
    const own = Buffer.allocUnsafeSlow(size);
    if (this.log.readInto(own, 0, size, offset) !== size) return false;
    this.buffer = own;
    this.at = 0;
    return true;
  }

  private chunk(start: number, end: number): Buffer | undefined {
    let chunk = this.chunks.get(start);
    if (chunk !== undefined && start + chunk.length >= end) {
      this.chunks.delete(start);
    } else {
      const target = Buffer.allocUnsafeSlow(this.chunkBytes);
      const got = this.log.readInto(target, 0, this.chunkBytes, start);
      if (start + got < end) return undefined;
      chunk = target.subarray(0, got);
      if (this.chunks.size >= MAX_CHUNKS) this.chunks.delete(this.chunks.keys().next().value as number);
    }
    this.chunks.set(start, chunk);
    return chunk;
  }

  /** The record that begins at `offset`, if one does and says so itself. */
  recordAt(offset: number): Buffer | undefined {
    if (!Number.isSafeInteger(offset) || !this.seek(offset, 8)) return undefined;
    const size = this.buffer.readInt32BE(this.at);
    if (size <= 8 || !this.seek(offset, size)) return undefined;
    const header = new RecordHeader();
    const good = header.read(this.buffer, this.at, size) === size && header.physicalOffset === offset;
    return good ? this.slice(size) : undefined;
  }

  slice(size: number): Buffer {
    return this.buffer.subarray(this.at, this.at + size);
  }

  /** Takes the record; neighbours in one buffer become one slice. */
  take(size: number): void {
    const { buffer, at } = this;
    if (this.runBuffer === buffer && this.runEnd === at) {
      this.runEnd = at + size;
      return;
    }
    this.endRun();
    this.runBuffer = buffer;
    this.runStart = at;
    this.runEnd = at + size;
  }

  private endRun(): void {
    if (this.runBuffer !== undefined) this.slices.push(this.runBuffer.subarray(this.runStart, this.runEnd));
    this.runBuffer = undefined;
  }

  /** What was taken since `begin`. */
  finish(): Buffer[] {
    this.endRun();
    const { slices } = this;
    this.slices = [];
    return slices;
  }

  /** After a cut or the removal of a file. */
  reset(): void {
    this.chunks.clear();
  }
}
