/** A master epoch and the offset at which it began. Where the next one begins, it ends. @source EpochEntry */
export interface EpochEntry {
  readonly epoch: number;
  readonly startOffset: number;
}

/** Epoch of the byte at `offset`; below the first entry, the first one. undefined for an empty list. */
export function epochAt(entries: readonly EpochEntry[], offset: number): EpochEntry | undefined {
  const index = epochIndexAt(entries, offset);
  return index < 0 ? entries[0] : entries[index];
}

/** Index of the entry whose epoch holds `offset`; -1 below the first. Looks from the end: that is where transfers are. */
export function epochIndexAt(entries: readonly EpochEntry[], offset: number): number {
  let index = entries.length - 1;
  while (index >= 0 && (entries[index] as EpochEntry).startOffset > offset) index--;
  return index;
}
