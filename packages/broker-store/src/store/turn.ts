import type { Timers } from '@batonmq/host';
import type { StoreState } from './store-state';

/** Work shared by all that happens in one turn of the event loop: one write, one dispatch, one notification. */
export class Turn {
  /** It is scheduled. */
  pending = false;
  private readonly run = (): void => this.end();

  constructor(
    private readonly timers: Pick<Timers, 'endOfTurn'>,
    private readonly state: StoreState,
    private readonly work: () => void,
  ) {}

  schedule(): void {
    if (this.pending || this.state.phase === 'stopped') return;
    this.pending = true;
    this.timers.endOfTurn(this.run);
  }

  /** Does the work now. */
  end(): void {
    this.pending = false;
    this.work();
  }
}
