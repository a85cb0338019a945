import type { Clock, Logger } from '@batonmq/host';

const LOOK_BYTES = 8 << 20;
const TELL_MS = 1000;

/** Tells of work on the log that takes longer than a second: each second how far it is, and how fast. */
export class Progress {
  private readonly beganMs: number;
  private toldMs: number;
  private lookAt: number;

  /** @param what the line's text */
  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly logger: Logger,
    private readonly what: string,
    private readonly from: number,
    private readonly to: number,
  ) {
    this.beganMs = this.toldMs = clock.monotonicMs();
    this.lookAt = from + LOOK_BYTES;
  }

  at(position: number): void {
    if (position < this.lookAt) return;
    this.lookAt = position + LOOK_BYTES;
    const now = this.clock.monotonicMs();
    if (now - this.toldMs < TELL_MS) return;
    this.toldMs = now;
    const percent = Math.floor((100 * (position - this.from)) / Math.max(1, this.to - this.from));
    const mibPerSecond = Math.round((position - this.from) / 1048.576 / (now - this.beganMs));
    this.logger.info({ percent, mibPerSecond, offset: position }, this.what);
  }
}
