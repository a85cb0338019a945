import type { CommitLog } from '../log/commit-log';

/** A reader has as much before him as he has read in a row, four times over, within these bounds. */
const DEPTH_FACTOR = 4;
const MIN_DEPTH = 2 << 20;
const MAX_DEPTH = 16 << 20;
/** What all readers together have before them. */
const MAX_TOTAL = 128 << 20;
/** Asked of the thread pool in so many parts: to hand over a read and to hear of its end takes the time of reading 100 KB. */
const PARTS = 8;
/** Readers that go forward at different places; the one who came last longest ago is forgotten. */
const MAX_STREAMS = 64;
/** A reader has gone when the others came so often since: what he had before him is theirs. */
const PATIENCE = 1024;
/** Of the threads of the pool: syncs need them too. */
const MAX_UNDER_WAY = 2;
const SCRATCH_BYTES = 256 << 10;

/** A reader that goes forward. */
interface Stream {
  /** Bytes that he has read in a row. */
  read: number;
  /** End of what has been asked for him. */
  asked: number;
  /** How often anybody had come when he came last. */
  cameAt: number;
}

/**
 * Has the thread pool read what readers will need next, so that these find it in the page cache: that is the memory for it, and
 * the system throws away what nobody comes for. Where the bytes are put does not matter.
 */
export class ReadAhead {
  /** By the place where the reader will go on; who came last longest ago is first. */
  private readonly streams = new Map<number, Stream>();
  private readonly scratch: Buffer[] = [];
  private underWay = 0;
  private arrivals = 0;

  constructor(private readonly log: CommitLog) {}

  /** A reader comes to [start, end). @param forward he comes from what lies before */
  reads(start: number, end: number, forward: boolean): void {
    const { streams } = this;
    let stream = streams.get(start);
    if (stream !== undefined) streams.delete(start);
    else if (forward) stream = { read: 0, asked: end, cameAt: 0 };
    else return;
    stream.read += end - start;
    stream.cameAt = ++this.arrivals;
    streams.set(end, stream);
    this.forgetWhoHasGone();
    this.ask(end, stream);
  }

  private forgetWhoHasGone(): void {
    for (const [place, { cameAt }] of this.streams) {
      if (this.streams.size <= MAX_STREAMS && this.arrivals - cameAt <= PATIENCE) return;
      this.streams.delete(place);
    }
  }

  private ask(at: number, stream: Stream): void {
    const share = Math.max(MIN_DEPTH, MAX_TOTAL / this.streams.size);
    const depth = Math.min(Math.max(MIN_DEPTH, stream.read * DEPTH_FACTOR), MAX_DEPTH, share);
    const part = Math.floor(depth / PARTS);
    stream.asked = Math.max(stream.asked, at);
    while (stream.asked + part <= at + depth && this.underWay < MAX_UNDER_WAY) {
      const bytes = this.load(stream.asked, part);
      if (bytes === 0) return;
      stream.asked += bytes;
    }
  }

  /** @returns for how much was asked: 0 at the end of the log */
  private load(start: number, most: number): number {
    const { log } = this;
    const bytes = Math.min(most, log.writtenEnd - start, log.fileSize - (start % log.fileSize));
    if (bytes <= 0 || !log.hasFile(start)) return 0;
    const scratch = this.scratch.pop() ?? Buffer.allocUnsafeSlow(SCRATCH_BYTES);
    const targets = Array.from({ length: Math.ceil(bytes / SCRATCH_BYTES) }, () => scratch);
    const rest = bytes % SCRATCH_BYTES;
    if (rest > 0) targets[targets.length - 1] = scratch.subarray(0, rest);
    this.underWay++;
    void log
      .readLater(targets, start)
      .catch(() => 0) // Who needs it reads it himself, and hears of the error.
      .then(() => {
        this.underWay--;
        this.scratch.push(scratch);
      });
    return bytes;
  }

  /** The log is another now. */
  reset(): void {
    this.streams.clear();
  }
}
