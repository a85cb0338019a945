import { codeOf, textOf } from '@batonmq/host';
import { LogRepair } from '../log/log-repair';
import type { Writing } from '../put/writing';
import type { ReplicaLog } from '../replica-log';
import type { StoreParts } from './store-parts';
import type { StoreState } from './store-state';
import type { Turn } from './turn';

/**
 * Brings a store back whose log could not be written or synced: tries again and again until the disk takes everything again.
 * Meanwhile puts are refused; who waited was told that it failed.
 */
export class Mending {
  private readonly repair: LogRepair;
  private readonly notePath: string;
  private running: Promise<void> | undefined;
  private noted = false;
  private hopeless = false;

  constructor(
    private readonly parts: StoreParts,
    private readonly state: StoreState,
    private readonly turn: Turn,
    private readonly writing: Writing,
    private readonly log: ReplicaLog,
  ) {
    const { host, commitLog, check, options } = parts;
    this.repair = new LogRepair(host.files, commitLog, check);
    this.notePath = `${options.storePathRootDir}/unsynced`;
  }

  /** No repair is under way when it resolves. */
  async atRest(): Promise<void> {
    await this.running;
  }

  /**
   * As soon as the log has failed: the next process finds the note, if this one does not come to repair it. It need not be
   * synced: it is about pages that are in memory, and goes with them.
   */
  noteFailure(): void {
    const { host } = this.parts;
    if (this.noted) return;
    this.noted = true;
    try {
      const file = host.files.open(this.notePath, 'create');
      const text = Buffer.from(`${this.writing.flusher.flushed}\n`);
      file.truncateSync(0);
      file.writeSync(text, 0, text.length, 0);
      file.close();
    } catch (error) {
      host.log.error({ error: textOf(error) }, 'cannot note that a sync of the log failed: do not kill this process');
    }
  }

  /** Where bytes begin that a former process could not sync; undefined when it had no such trouble. */
  unsyncedFrom(): number | undefined {
    const text = this.parts.host.files.readAll(this.notePath)?.toString('latin1');
    if (text === undefined) return undefined;
    return /^\d+\n$/.test(text) ? Number(text.trim()) : 0;
  }

  /** After recovery: what the former process could not sync is written again. @throws HostError, StoreError */
  async afterRecovery(): Promise<void> {
    const from = this.unsyncedFrom();
    if (from === undefined) return;
    const { commitLog, host } = this.parts;
    const begin = Math.max(Math.min(from, commitLog.writtenEnd), commitLog.min);
    await this.repair.run(begin);
    host.files.remove(this.notePath);
    host.log.warn({ from }, 'a former process could not sync the log from here: written and synced again');
  }

  /** Tries, unless that is under way. */
  tick(): void {
    if (this.parts.commitLog.failed === undefined || this.hopeless || this.state.phase !== 'started') return;
    if (this.state.cutting) return;
    this.running ??= this.mend().finally(() => (this.running = undefined));
  }

  private async mend(): Promise<void> {
    const { commitLog, host } = this.parts;
    const { flusher } = this.writing;
    const log = host.log;
    this.state.cutting = true;
    try {
      await flusher.atRest();
      await this.repair.run(flusher.flushed);
      commitLog.healed();
      flusher.flushed = commitLog.writtenEnd;
      this.log.rebuildQueueOffsets();
      if (this.noted) host.files.remove(this.notePath);
      this.noted = false;
      log.warn({ end: commitLog.writtenEnd }, 'the log is written and synced again; messages are taken');
    } catch (error) {
      this.hopeless = codeOf(error) === 'STORE_CORRUPT';
      if (this.hopeless)
        log.error({ error: textOf(error) }, 'the log cannot be repaired while running: restart the store');
      else log.debug({ error: textOf(error) }, 'the log cannot be written yet');
    } finally {
      this.state.cutting = false;
      this.turn.schedule();
    }
  }
}
