/** One piece of the log in memory. Once it is `lent`, bytes below `used` never change again: slices may be kept by anyone. */
export class Segment {
  used = 0;
  readonly view: DataView;
  /** Slices of it have been handed out. */
  lent = false;

  constructor(
    readonly buffer: Buffer,
    /** Log offset of its first byte. */
    public start: number,
  ) {
    this.view = new DataView(buffer.buffer, buffer.byteOffset, buffer.length);
  }

  get end(): number {
    return this.start + this.used;
  }
}

const SEGMENT_BYTES = 1 << 20;
/** Dropped segments kept for use again. */
const MAX_SPARE = 8;

/**
 * The newest part of the log: the write buffer, and at the same time what replicas and tail consumers read. A lent
 * segment is dropped, not overwritten: a slice stays true for as long as somebody holds it (and keeps its megabyte alive).
 * Only those never lent are used again, which spares the garbage collector the megabytes of a log that nobody reads.
 */
export class TailCache {
  private readonly segments: Segment[] = [];
  private readonly spare: Segment[] = [];
  private heldBytes = 0;
  /** Found last; a reader goes on where it was. */
  private found: Segment | undefined;

  /** @param maxBytes bound of what is kept (the newest segment is always kept) */
  constructor(
    private readonly maxBytes: number,
    private readonly segmentBytes = SEGMENT_BYTES,
  ) {}

  /** A segment that ends at `offset` and has room for `bytes` more. */
  roomAt(offset: number, bytes: number): Segment {
    const last = this.segments.at(-1);
    if (last !== undefined && last.end === offset && last.buffer.length - last.used >= bytes) return last;
    return this.add(offset, bytes);
  }

  /** The newest segment when it ends at `offset` and is not full, else a new one: for bytes that may be split anywhere. */
  anyRoomAt(offset: number): Segment {
    return this.roomAt(offset, 1);
  }

  private add(offset: number, bytes: number): Segment {
    const reused = bytes <= this.segmentBytes ? this.spare.pop() : undefined;
    const segment = reused ?? new Segment(Buffer.allocUnsafeSlow(Math.max(this.segmentBytes, bytes)), offset);
    segment.start = offset;
    segment.used = 0;
    this.segments.push(segment);
    this.heldBytes += segment.buffer.length;
    return segment;
  }

  /** The segment that holds the byte at `offset`. */
  find(offset: number): Segment | undefined {
    const { segments } = this;
    const last = segments.at(-1);
    if (last === undefined || offset >= last.end) return undefined;
    if (offset >= last.start) return last;
    if (offset < (segments[0] as Segment).start) return undefined;
    const { found } = this;
    if (found !== undefined && offset >= found.start && offset < found.end) return found;
    let low = 0;
    let high = segments.length - 2;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const segment = segments[middle] as Segment;
      if (offset < segment.start) high = middle - 1;
      else if (offset >= segment.end) low = middle + 1;
      else return (this.found = segment);
    }
    return undefined;
  }

  /** Drops the oldest segments beyond the bound, none that reaches above `written`. */
  shrink(written: number): void {
    let count = 0;
    while (this.heldBytes > this.maxBytes && count < this.segments.length - 1) {
      const oldest = this.segments[count] as Segment;
      if (oldest.end > written) break;
      this.heldBytes -= oldest.buffer.length;
      if (!oldest.lent && this.spare.length < MAX_SPARE && oldest.buffer.length === this.segmentBytes)
        this.spare.push(oldest);
      count++;
    }
    if (count === 0) return;
    this.segments.splice(0, count);
    this.found = undefined;
  }

  /** Forgets what is behind `end`: it never reached the file. Nobody was lent it. */
  cutTo(end: number): void {
    this.found = undefined;
    for (let last = this.segments.at(-1); last !== undefined && last.start >= end; last = this.segments.at(-1)) {
      this.segments.pop();
      this.heldBytes -= last.buffer.length;
    }
    const last = this.segments.at(-1);
    if (last !== undefined && last.end > end) last.used = end - last.start;
  }

  /** Forgets everything: after a cut the bytes of a segment could differ from the log's. */
  clear(): void {
    this.segments.length = 0;
    this.heldBytes = 0;
    this.found = undefined;
  }

  get bytes(): number {
    return this.heldBytes;
  }
}
