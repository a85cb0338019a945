import { RaftError } from '../errors';

/** Largest frame: a batch holds one message of any size or several up to 1 MiB together. */
export const MAX_FRAME_BYTES = 16 << 20;

/** | length u32, big-endian | body |; the body is not copied when it is large. */
export function frameHeader(length: number): Buffer {
  const header = Buffer.allocUnsafe(4);
  header.writeUInt32BE(length, 0);
  return header;
}

/**
 * Cuts a byte stream into frames with a big-endian length of `lengthBytes` in front. Keeps chunks in a list and joins
 * them once, when the frame is whole.
 */
export class FrameSlicer {
  private chunks: Buffer[] = [];
  private held = 0;
  private needed: number;

  /** @param onFrame gets bytes that are lent for the call */
  constructor(
    private readonly lengthBytes: 3 | 4,
    private readonly maxBytes: number,
    private readonly onFrame: (frame: Buffer) => void,
  ) {
    this.needed = lengthBytes;
  }

  /**
   * @param bytes lent for the call: what is kept is copied
   * @throws RaftError PROTOCOL when a frame is larger than allowed: before anything is allocated for it
   */
  push(bytes: Buffer): void {
    if (this.held + bytes.length < this.needed) return this.keep(bytes);
    const input = this.held === 0 ? bytes : Buffer.concat([...this.chunks, bytes]);
    this.chunks = [];
    this.held = 0;
    let at = 0;
    this.needed = this.lengthBytes;
    while (input.length - at >= this.lengthBytes) {
      const length = input.readUIntBE(at, this.lengthBytes);
      if (length > this.maxBytes) throw new RaftError('PROTOCOL', `frame of ${length} B, limit ${this.maxBytes} B`);
      const end = at + this.lengthBytes + length;
      if (input.length < end) {
        this.needed = this.lengthBytes + length;
        break;
      }
      this.onFrame(input.subarray(at + this.lengthBytes, end));
      at = end;
    }
    if (at < input.length) this.keep(input.subarray(at));
  }

  private keep(bytes: Buffer): void {
    this.chunks.push(Buffer.from(bytes));
    this.held += bytes.length;
  }
}
