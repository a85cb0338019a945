import { textOf } from '@batonmq/host';
import { OffsetWaiters } from '../log/offset-waiters';
import type { Writing } from '../put/writing';
import type { StoreParts } from '../store/store-parts';
import type { StoreState } from '../store/store-state';
import type { Turn } from '../store/turn';

/** Log bytes dispatched in one turn of the event loop, so that a backlog does not stop everything else. */
const DISPATCH_PER_TURN = 4 << 20;

/** How far consumers may see, and feeding queues and index up to there. */
export class Dispatching {
  private confirm = 0;
  private readonly waiters = new OffsetWaiters();

  constructor(
    private readonly parts: StoreParts,
    private readonly state: StoreState,
    private readonly turn: Turn,
    private readonly writing: Writing,
  ) {}

  /** Controller mode: as it was set. Else what is written (ASYNC_FLUSH) or synced. */
  confirmOffset(): number {
    return this.parts.options.enableControllerMode ? this.confirm : this.writing.durableEnd;
  }

  setConfirm(offset: number): void {
    this.confirm = offset;
    if (offset > this.parts.dispatcher.position) this.turn.schedule();
  }

  /** After recovery. */
  beginAt(confirmOffset: number): void {
    this.confirm = confirmOffset;
  }

  /** A turn's share. */
  run(): void {
    const { state } = this;
    const { dispatcher, index, host, options } = this.parts;
    if (state.cutting) return;
    try {
      const more = dispatcher.run(this.confirmOffset(), DISPATCH_PER_TURN);
      index?.flushEntries();
      state.queueFailure = undefined;
      if (more) this.turn.schedule();
    } catch (error) {
      // The record stays undispatched: units are never left out, dispatch waits for the disk.
      if (state.queueFailure === undefined)
        host.log.error({ error: textOf(error) }, 'dispatch failed; it is tried again');
      state.queueFailure = `queues cannot be written: ${textOf(error)}`;
    }
    this.waiters.reach(dispatcher.position);
    if (options.enableControllerMode) this.noteConfirmOffset();
  }

  retry(): void {
    if (this.parts.dispatcher.position < this.confirmOffset()) this.turn.schedule();
  }

  private noteConfirmOffset(): void {
    const { checkpoint, host } = this.parts;
    try {
      checkpoint.noteConfirmOffset(this.confirm);
    } catch (error) {
      host.log.error({ error: textOf(error) }, 'writing the checkpoint failed');
    }
  }

  when(offset: number): Promise<void> {
    return offset <= this.parts.dispatcher.position ? Promise.resolve() : this.waiters.wait(offset);
  }

  /**
   * Before a cut at `offset`: the checkpoint does not say more, on the disk. What comes after the cut may be older than what
   * was there. @param timestamp storeTimestamp of a record that stays. @throws HostError
   */
  async lowerCheckpoint(offset: number, timestamp: number): Promise<void> {
    const { checkpoint, dispatcher, appender } = this.parts;
    const tooHigh = checkpoint.mayExceed(offset);
    this.confirm = Math.min(this.confirm, offset);
    if (tooHigh) checkpoint.confirmOffset = this.confirmOffset();
    // What is put gets no earlier time than what stays, wherever exactly that ends.
    appender.lastTimestamp = Math.max(appender.lastTimestamp, dispatcher.lastTimestamp);
    dispatcher.lastTimestamp = Math.min(dispatcher.lastTimestamp, timestamp);
    const lower = checkpoint.lowerTimestamps(timestamp);
    if (lower || tooHigh) await checkpoint.save();
  }

  cutTo(offset: number): void {
    this.confirm = Math.min(this.confirm, offset);
    if (this.parts.options.enableControllerMode) this.noteConfirmOffset();
  }

  end(error: Error): void {
    this.waiters.fail(error);
  }
}
