import type { EventLoop } from '../loop/event-loop';
import type { Prng } from '../prng';

/**
 * What the network does to bytes. Within a connection nothing is reordered, lost or damaged, as TCP promises; trouble
 * shows as delay, as a stall, or as a reset.
 */
export interface NetworkFaults {
  /** Delay of a packet in one direction, uniform between these two. */
  minDelayMs: number;
  maxDelayMs: number;
  /** Probability that a packet is lost and has to be sent again, 0..1. */
  lossRate: number;
  /** What a lost packet costs: this, up to twice this, for itself and for what was sent after it. */
  lossDelayMs: number;
  /** Probability that a packet is cut at a random byte, 0..1 (long ones are cut at 64 KiB anyway). */
  cutRate: number;
  /** Bytes the kernels take from a sender before the receiver has read them. */
  windowBytes: number;
  /** How long a connection lives with sent bytes that nobody acknowledges (Linux: tcp_retries2, about 15 minutes). */
  giveUpMs: number;
}

export const DEFAULT_FAULTS: NetworkFaults = {
  minDelayMs: 0.1,
  maxDelayMs: 1,
  lossRate: 0.001,
  lossDelayMs: 200,
  cutRate: 0.1,
  windowBytes: 256 * 1024,
  giveUpMs: 924_600,
};

/** As seen by the wire: where a packet comes from or goes to. */
export interface Station {
  readonly name: string;
  /** Has power: takes packets. */
  readonly powered: boolean;
}

/** One who waits for a direction to open again. */
export interface Stalled {
  readonly from: Station;
  readonly to: Station;
  /** Something is on its way again, `delayMs` from now. */
  resumed(delayMs: number): void;
}

/** Delays and partitions between machines. */
export class Wire {
  faults: NetworkFaults;
  private readonly cuts = new Set<string>();
  private readonly slow = new Map<string, number>();
  private waiting = new Set<Stalled>();

  constructor(
    readonly loop: EventLoop,
    readonly prng: Prng,
    faults: Partial<NetworkFaults>,
  ) {
    this.faults = { ...DEFAULT_FAULTS, ...faults };
  }

  isBlocked(from: Station, to: Station): boolean {
    return !to.powered || (this.cuts.size > 0 && this.cuts.has(direction(from, to)));
  }

  /** Time of one packet's way, drawn. */
  delay(from: Station, to: Station): number {
    if (from === to) return 0.02;
    const { minDelayMs, maxDelayMs, lossRate, lossDelayMs } = this.faults;
    let delayMs = this.prng.between(minDelayMs, maxDelayMs);
    if (this.prng.chance(lossRate)) delayMs += this.prng.between(lossDelayMs, 2 * lossDelayMs);
    if (this.slow.size > 0) delayMs += this.slow.get(direction(from, to)) ?? 0;
    return delayMs;
  }

  cut(from: string, to: string): void {
    if (from !== to) this.cuts.add(`${from}\n${to}`);
  }

  slowDown(from: string, to: string, extraMs: number): void {
    this.slow.set(`${from}\n${to}`, extraMs);
  }

  /** Ends all cuts and extra delays. */
  heal(): void {
    this.cuts.clear();
    this.slow.clear();
    this.wake();
  }

  waitFor(stalled: Stalled): void {
    this.waiting.add(stalled);
  }

  forget(stalled: Stalled): void {
    this.waiting.delete(stalled);
  }

  /** Looks again at all who wait: what is open goes on when the sender tries the next time. */
  wake(): void {
    const before = this.waiting;
    this.waiting = new Set();
    for (const one of before) {
      if (this.isBlocked(one.from, one.to)) this.waiting.add(one);
      else one.resumed(this.prng.between(0, this.faults.lossDelayMs) + this.delay(one.from, one.to));
    }
  }
}

function direction(from: Station, to: Station): string {
  return `${from.name}\n${to.name}`;
}
