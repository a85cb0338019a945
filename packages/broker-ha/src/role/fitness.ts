import type { Cancel, Host } from '@batonmq/host';

export interface FitnessPorts {
  /** Why the log takes nothing; undefined while it does. */
  failure(): Error | undefined;
  /** Others have everything that this broker has acknowledged, so that one of them can take over. */
  isReplaceable(): boolean;
  /** The controller is to see this broker die. */
  stepBack(): void;
  comeBack(): void;
}

const LOOK_MS = 200;

/**
 * Whoever cannot write is no master, however well it can still talk: heartbeats stop while the log fails, so that another
 * member is elected, and this one is not (`disk-dead-master`). A master that nobody can replace stays: it may still be read.
 */
export class Fitness {
  private unfit = false;
  private cancel: Cancel = () => {};

  constructor(
    private readonly host: Pick<Host, 'timers' | 'log'>,
    private readonly ports: FitnessPorts,
  ) {}

  start(): void {
    this.cancel = this.host.timers.every(LOOK_MS, () => this.look());
  }

  stop(): void {
    this.cancel();
  }

  private look(): void {
    const { ports } = this;
    const failure = ports.failure();
    const unfit = failure !== undefined && (this.unfit || ports.isReplaceable());
    if (unfit === this.unfit) return;
    this.unfit = unfit;
    if (unfit) {
      this.host.log.error({ error: failure.message }, 'the log takes nothing: this broker leaves its office to others');
      ports.stepBack();
    } else {
      this.host.log.info({}, 'the log takes messages again: this broker may hold an office');
      ports.comeBack();
    }
  }
}
