import type { Clock } from '@batonmq/host';

/** What the timer has done since the start. */
export class TimerCounts {
  enqueued = 0;
  delivered = 0;
  rolled = 0;
  deleted = 0;
  /** Copies that were in the log already, of a former master or run. */
  alreadyDelivered = 0;
  /** Messages that were gone, or that nobody can deliver. */
  dropped = 0;
}

export interface TimerStatus extends Readonly<TimerCounts> {
  /** In the wheel now. */
  readonly pending: number;
  /** How long what is due has been waiting. */
  readonly readBehindMs: number;
  /** Messages of the timer topic that are not linked yet. */
  readonly offsetBehind: number;
}

/** Messages per second since it was asked last, or over the last second. */
export class TimerRates {
  private sample = { atMs: 0, enqueued: 0, delivered: 0 };
  private last = { enqueued: 0, delivered: 0 };

  constructor(
    private readonly clock: Pick<Clock, 'monotonicMs'>,
    private readonly counts: Readonly<TimerCounts>,
  ) {}

  read(): { readonly enqueued: number; readonly delivered: number } {
    const { sample } = this;
    const { enqueued, delivered } = this.counts;
    const atMs = this.clock.monotonicMs();
    const seconds = (atMs - sample.atMs) / 1000;
    if (seconds >= 1) {
      this.last = {
        enqueued: (enqueued - sample.enqueued) / seconds,
        delivered: (delivered - sample.delivered) / seconds,
      };
      this.sample = { atMs, enqueued, delivered };
    }
    return this.last;
  }
}
