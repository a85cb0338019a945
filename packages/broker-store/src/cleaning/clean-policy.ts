import type { DiskUsage } from '@batonmq/host';

export interface DiskLimits {
  readonly diskMaxUsedSpaceRatio: number;
  readonly diskSpaceCleanForciblyRatio: number;
  readonly diskSpaceWarningLevelRatio: number;
}

/** Part of the partition that is used, as a fraction in whole percents, rounded up. @source UtilAll.getDiskPartitionSpaceUsedPercent */
export function usedRatio({ totalBytes, availableBytes }: DiskUsage): number {
  return totalBytes <= 0 ? -1 : Math.ceil((100 * (totalBytes - availableBytes)) / totalBytes) / 100;
}

export interface CleanDecision {
  /** Writes are refused. Between the two upper limits it stays as it was. */
  readonly diskFull: boolean;
  /** Oldest files go whatever their age. */
  readonly immediately: boolean;
  /** Expired files go at any hour. */
  readonly atAnyHour: boolean;
}

/** What the use of the disk means. @source CleanCommitLogService.isSpaceToDelete */
export function decideByUse(ratio: number, limits: DiskLimits, diskFull: boolean): CleanDecision {
  const percent = ratio * 100;
  const warning = bounded(limits.diskSpaceWarningLevelRatio, 35, 90);
  const forcibly = bounded(limits.diskSpaceCleanForciblyRatio, 30, 85);
  const max = bounded(limits.diskMaxUsedSpaceRatio, 10, 95);
  const above = (limit: number): boolean => percent > limit + 1e-9;
  return {
    diskFull: above(warning) || (diskFull && above(forcibly)),
    immediately: above(forcibly),
    atAnyHour: ratio < 0 || above(max),
  };
}

function bounded(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high);
}

/** Is the local hour one of `deleteWhen` (`04;16`)? */
export function isDeleteHour(deleteWhen: string, hour: number): boolean {
  return deleteWhen.split(';').some((each) => each.trim() !== '' && Number(each) === hour);
}
