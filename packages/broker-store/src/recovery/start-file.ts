/** First record of a log file, as far as it is good. */
export interface FileHead {
  readonly start: number;
  /** undefined: no good record begins the file. */
  readonly record: { readonly physicalOffset: number; readonly storeTimestamp: number } | undefined;
}

/**
 * Where recovery begins to read the log: the newest file that begins with a good record which is known to have been
 * dispatched, so that everything not yet dispatched lies behind its beginning. Without one, the oldest.
 *
 * | last stop | known to be dispatched |
 * |---|---|
 * | clean | its position is at or below the last record any queue has |
 * | crash | it was stored at or before the checkpoint's safe time, and does not lie above what consumers may see |
 *
 * @param heads read lazily, newest first   @source CommitLog.isMappedFileMatchedRecover
 */
export function chooseStartFile(
  heads: Iterable<FileHead>,
  oldest: number,
  known: { clean: true; lastDispatched: number } | { clean: false; safeTimestamp: number; atMost: number },
): number {
  for (const { start, record } of heads) {
    if (record === undefined || record.physicalOffset !== start || record.storeTimestamp === 0) continue;
    const dispatched = known.clean
      ? start <= known.lastDispatched
      : start <= known.atMost && record.storeTimestamp <= known.safeTimestamp;
    if (dispatched) return start;
  }
  return oldest;
}
