import type { SimEvent } from '../loop/event-queue';
import type { Stalled, Station, Wire } from './wire';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { max } = Math;

/** What one end's kernel hears from the other's. */
export interface PipeEnd {
  arrived(bytes: Buffer): void;
  /** No more bytes follow. */
  finished(): void;
  reset(): void;
}

export interface PipeSource {
  /** The kernel has room again. */
  roomAgain(): void;
  /** Nobody has acknowledged for too long. */
  gaveUp(): void;
}

interface Segment {
  readonly atMs: number;
  readonly what: Buffer | 'finish' | 'reset' | (() => void);
}

/**
 * One direction of a connection, from the sender's kernel to the receiver's: segments in order, each with its time of
 * arrival. While the direction is blocked they wait here.
 */
export class Pipe implements Stalled {
  source: PipeSource | undefined;
  /** The sender waits for room: the next acknowledgement wakes it. */
  wanted = false;
  target: PipeEnd | undefined;
  private segments: Segment[] = [];
  private head = 0;
  private lastArrivalMs = 0;
  private notBeforeMs = 0;
  /** Bytes taken from the sender and not yet read by the receiver's process, as far as the sender knows. */
  private usedBytes = 0;
  /** Acknowledged, but the news cannot reach the sender. */
  private heldBytes = 0;
  private giveUp: SimEvent | undefined;
  private readonly acknowledgements: Stalled;

  constructor(
    private readonly wire: Wire,
    readonly from: Station,
    readonly to: Station,
  ) {
    this.acknowledgements = { from: to, to: from, resumed: () => this.release() };
  }

  room(): number {
    return this.wire.faults.windowBytes - this.usedBytes;
  }

  /** Sends bytes (owned by the pipe from now on), the end, a reset, or a call that is made on arrival. */
  send(what: Segment['what']): void {
    const { loop } = this.wire;
    if (typeof what === 'object') this.usedBytes += what.length;
    this.lastArrivalMs = max(this.lastArrivalMs, loop.now() + this.wire.delay(this.from, this.to));
    this.segments.push({ atMs: this.lastArrivalMs, what });
    loop.at(this.lastArrivalMs, undefined, this.arrive);
  }

  /** The sender died without a word, or with a reset: of what was on its way, a random first part arrives. */
  truncate(): void {
    const waiting = this.segments.length - this.head;
    this.segments.length = this.head + this.wire.prng.int(waiting + 1);
  }

  /** The receiver's process has read so many bytes. */
  acknowledge(bytes: number): void {
    if (this.wire.isBlocked(this.to, this.from)) {
      this.heldBytes += bytes;
      this.wire.waitFor(this.acknowledgements);
      return;
    }
    this.usedBytes -= bytes;
    if (this.wanted) {
      this.wanted = false;
      this.wire.loop.after(this.wire.delay(this.to, this.from), undefined, () => this.source?.roomAgain());
    }
  }

  resumed(delayMs: number): void {
    this.notBeforeMs = this.wire.loop.now() + delayMs;
    if (this.giveUp !== undefined) this.wire.loop.cancel(this.giveUp);
    this.giveUp = undefined;
    this.wire.loop.at(this.notBeforeMs, undefined, this.arrive);
  }

  private release(): void {
    const bytes = this.heldBytes;
    this.heldBytes = 0;
    this.acknowledge(bytes);
  }

  private readonly arrive = (): void => {
    const now = this.wire.loop.now();
    if (now < this.notBeforeMs) return;
    for (let next = this.segments[this.head]; next !== undefined; next = this.segments[this.head]) {
      if (next.atMs > now) break;
      if (this.wire.isBlocked(this.from, this.to)) return this.stall();
      this.head++;
      this.deliver(next.what);
    }
    if (this.head === this.segments.length || this.head > 64) {
      this.segments.splice(0, this.head);
      this.head = 0;
    }
  };

  private deliver(what: Segment['what']): void {
    if (typeof what === 'function') what();
    else if (what === 'finish') this.target?.finished();
    else if (what === 'reset') this.target?.reset();
    else {
      this.wire.loop.note(what.length);
      this.target?.arrived(what);
    }
  }

  private stall(): void {
    this.wire.waitFor(this);
    this.giveUp ??= this.wire.loop.after(this.wire.faults.giveUpMs, undefined, () => {
      this.wire.forget(this);
      this.segments.length = this.head;
      this.source?.gaveUp();
    });
  }
}
