import { type Host, textOf } from '@batonmq/host';
import type { IndexService } from '../index-file/index-service';
import type { CommitLog } from '../log/commit-log';
import type { ResolvedOptions } from '../options';
import type { QueueTable } from '../queue/queue-table';
import { type CleanDecision, decideByUse, isDeleteHour, usedRatio } from './clean-policy';

const HOUR_MS = 3_600_000;

/** Removes what is too old, or what the disk has no room for: log files first, then what refers to them. @source CleanCommitLogService */
export class Cleaner {
  /** The disk is above its warning level: writes are refused. */
  diskFull = false;
  /** Use of the log's partition, a fraction; -1 unknown. */
  usedRatio = -1;
  private cleanedMin = 0;

  constructor(
    private readonly host: Pick<Host, 'files' | 'clock' | 'log'>,
    private readonly options: ResolvedOptions,
    private readonly log: CommitLog,
    private readonly queues: QueueTable,
    private readonly index: IndexService | undefined,
    /** Nothing from here on has been seen by anyone: not confirmed, or not dispatched yet. */
    private readonly unseenFrom: () => number,
  ) {}

  /** One round. @returns whether log files were removed */
  run(): boolean {
    const decision = this.judgeDisk();
    const hour = new Date(this.host.clock.wallMs()).getHours();
    const wanted = decision.atAnyHour || decision.immediately || isDeleteHour(this.options.deleteWhen, hour);
    const removed = wanted ? this.removeLogFiles(decision.immediately && this.options.cleanFileForciblyEnable) : 0;
    this.removeDependents();
    return removed > 0;
  }

  private judgeDisk(): CleanDecision {
    try {
      this.usedRatio = usedRatio(this.host.files.diskUsage(this.options.storePathRootDir));
    } catch {
      this.usedRatio = -1;
    }
    const decision = decideByUse(this.usedRatio, this.options, this.diskFull);
    if (decision.diskFull !== this.diskFull) {
      this.host.log.warn(
        { used: this.usedRatio },
        decision.diskFull ? 'the disk is full: writes are refused' : 'the disk has room again',
      );
    }
    this.diskFull = decision.diskFull;
    return decision;
  }

  /**
   * Oldest first, never the newest, stops at the first that stays. What no consumer could have seen stays whatever its age: its
   * queue offsets have been given, and only the log knows them.
   */
  private removeLogFiles(immediately: boolean): number {
    const { log, options } = this;
    const expiry = this.host.clock.wallMs() - options.fileReservedTime * HOUR_MS;
    let count = 0;
    try {
      while (count < options.deleteFileBatchMax && log.series.starts.length > 1) {
        const first = log.series.first as number;
        if (first + log.fileSize > this.unseenFrom()) break;
        const path = log.series.path(first);
        const modifiedMs = this.host.files.stat(path)?.modifiedMs ?? 0;
        if (!immediately && modifiedMs > expiry) break;
        log.removeOldestFile();
        this.host.log.info({ path, immediately }, 'commit log file removed');
        count++;
      }
    } catch (error) {
      this.host.log.error({ error: textOf(error) }, 'removing commit log files failed');
    }
    return count;
  }

  private removeDependents(): void {
    const min = this.log.min;
    if (min <= this.cleanedMin) return;
    this.cleanedMin = min;
    this.queues.removeExpired(min);
    this.index?.removeExpired(min);
  }
}
