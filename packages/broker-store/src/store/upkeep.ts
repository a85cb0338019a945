import { type Cancel, textOf } from '@batonmq/host';
import type { Dispatching } from '../dispatch/dispatching';
import type { Reading } from '../read/reading';
import { type StoreParts, lastTimestamp } from './store-parts';
import type { StoreState } from './store-state';

const CHECKPOINT_MS = 1000;
const RETRY_DISPATCH_MS = 1000;
const MEND_MS = 1000;
const FIRST_CLEAN_MS = 60_000;
/** Queues are also synced when this much was dispatched since they last were: it bounds what recovery reads again. */
const SYNC_QUEUES_AFTER_BYTES = 256 << 20;

/** What is done by period: queues to the disk, the checkpoint, cleaning. */
export class Upkeep {
  private readonly timers: Cancel[] = [];
  private syncing: Promise<void> | undefined;
  private lastQueueSyncMs = 0;
  private lastQueueSyncAt = 0;
  /** What had been dispatched when the round of the flush under way began: all of it is written when that ends. */
  private round: { position: number; timestamp: number } | undefined;

  constructor(
    private readonly parts: StoreParts,
    private readonly state: StoreState,
    private readonly dispatching: Dispatching,
    private readonly reading: Reading,
    /** Tells a next process how far queues and index are written; -1: it must not believe what they have. */
    private readonly noteWritten: (offset: number) => void,
  ) {}

  /** A sync of queues has failed: what it covered is rebuilt by the next start, so the checkpoint stays where it was. */
  get queuesLost(): boolean {
    return this.parts.table.syncFailed;
  }

  /** Queues are on the disk up to `offset` of the log. */
  beginAt(offset: number): void {
    this.lastQueueSyncAt = offset;
  }

  /** @param mend what is tried each second while the log has failed */
  start(mend: () => void): void {
    const { host, options: o } = this.parts;
    const { timers, clock } = host;
    this.lastQueueSyncMs = clock.monotonicMs();
    this.timers.push(
      timers.every(o.flushIntervalConsumeQueue, () => this.flushQueues()),
      timers.every(CHECKPOINT_MS, () => this.saveCheckpoint()),
      timers.every(RETRY_DISPATCH_MS, () => this.dispatching.retry()),
      timers.every(MEND_MS, mend),
      timers.every(o.cleanResourceInterval, () => this.clean(), FIRST_CLEAN_MS),
    );
  }

  stop(): void {
    for (const cancel of this.timers.splice(0)) cancel();
  }

  /** No sync of queues is under way when it resolves. */
  async atRest(): Promise<void> {
    await this.syncing;
  }

  private flushQueues(): void {
    const { state } = this;
    const { table, index, host, options, dispatcher } = this.parts;
    if (state.cutting) return;
    const round = (this.round ??= { position: dispatcher.position, timestamp: dispatcher.lastTimestamp });
    try {
      if (table.flushSome()) {
        if (state.phase === 'started') host.timers.endOfTurn(() => this.flushQueues());
        return;
      }
      table.releaseIdle();
      index?.tick();
      state.queueFailure = undefined;
    } catch (error) {
      state.queueFailure = `queues cannot be written: ${textOf(error)}`;
      host.log.error({ error: textOf(error) }, 'writing consume queues failed');
      return;
    }
    this.round = undefined;
    this.tellWritten(round.position);
    const now = host.clock.monotonicMs();
    const due =
      now - this.lastQueueSyncMs >= options.flushConsumeQueueThoroughInterval ||
      round.position - this.lastQueueSyncAt >= SYNC_QUEUES_AFTER_BYTES;
    if (!due || state.phase !== 'started') return;
    this.lastQueueSyncMs = now;
    this.syncing ??= this.syncQueues(round).finally(() => (this.syncing = undefined));
  }

  /** Everything below `position` of the log has been written to queues and index: a next process may know. */
  tellWritten(position: number): void {
    const { commitLog, index, host } = this.parts;
    if (commitLog.failed !== undefined) return;
    try {
      this.noteWritten(this.queuesLost || index?.isBroken === true ? -1 : position);
    } catch (error) {
      host.log.debug({ error: textOf(error) }, 'how far queues are written cannot be noted');
    }
  }

  /** What the files show is not what was written any more. */
  disownWritten(): void {
    try {
      this.noteWritten(-1);
    } catch (error) {
      this.parts.host.log.error({ error: textOf(error) }, 'cannot note that files are not to be believed');
    }
  }

  /** The checkpoint's queue time is what had been dispatched, written and then synced; never ahead of it. */
  private async syncQueues({ position, timestamp }: { position: number; timestamp: number }): Promise<void> {
    const { table, checkpoint, host } = this.parts;
    this.lastQueueSyncAt = position;
    try {
      await table.sync();
      if (!this.queuesLost) checkpoint.queuesTimestamp = timestamp;
    } catch (error) {
      this.disownWritten();
      host.log.error(
        { error: textOf(error) },
        'syncing consume queues failed; recovery will rebuild them from the log',
      );
    }
  }

  private saveCheckpoint(): void {
    const { checkpoint, index, host } = this.parts;
    checkpoint.confirmOffset = this.dispatching.confirmOffset();
    if (index !== undefined) checkpoint.indexTimestamp = index.savedTimestamp;
    checkpoint
      .save()
      .catch((error: unknown) => host.log.error({ error: textOf(error) }, 'writing the checkpoint failed'));
  }

  /** The checkpoint of a clean stop. @throws HostError */
  async settleCheckpoint(): Promise<void> {
    const { checkpoint, commitLog, index, dispatcher } = this.parts;
    if (commitLog.failed === undefined) checkpoint.logTimestamp = lastTimestamp(this.parts);
    // Not the log's: what lies above the confirm offset is in no queue.
    if (commitLog.failed === undefined && !this.queuesLost)
      checkpoint.queuesTimestamp = Math.max(checkpoint.queuesTimestamp, dispatcher.lastTimestamp);
    if (index !== undefined) checkpoint.indexTimestamp = index.savedTimestamp;
    checkpoint.confirmOffset = this.dispatching.confirmOffset();
    await checkpoint.save();
  }

  /** One round of cleaning. */
  clean(): void {
    if (this.parts.cleaner.run()) this.reading.forgetChunks();
  }

  cutTo(offset: number): void {
    this.lastQueueSyncAt = Math.min(this.lastQueueSyncAt, offset);
    if (this.round === undefined) return;
    this.round.position = Math.min(this.round.position, offset);
    this.round.timestamp = Math.min(this.round.timestamp, this.parts.dispatcher.lastTimestamp);
  }
}
