/**
 * Version of a broker's topic table. `stateVersion` is the master epoch under a controller and 0 without one.
 * @source DataVersion
 */
export interface DataVersion {
  readonly counter: number;
  readonly stateVersion: number;
  /** Milliseconds since the Unix epoch, of the last change. */
  readonly timestamp: number;
}

/** Equal in all three members; the order of two versions is never asked for. */
export function sameVersion(one: DataVersion, other: DataVersion): boolean {
  return one.counter === other.counter && one.stateVersion === other.stateVersion && one.timestamp === other.timestamp;
}

/**
 * Reads what a broker sent; absent members are 0, an absent version is a fresh one: it equals no other.
 * @param wallMs stamp of a fresh version
 */
export function readDataVersion(value: unknown, wallMs: number): DataVersion {
  if (value === null || typeof value !== 'object') return { counter: 0, stateVersion: 0, timestamp: wallMs };
  const { counter, stateVersion, timestamp } = value as Record<string, unknown>;
  return { counter: wholeOf(counter), stateVersion: wholeOf(stateVersion), timestamp: wholeOf(timestamp) };
}

const wholeOf = (value: unknown): number => {
  const number = Math.trunc(Number(value ?? 0));
  return Number.isFinite(number) ? number : 0;
};
