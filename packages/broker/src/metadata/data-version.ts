import type { Clock } from '@batonmq/host';

/** Which state of a table somebody has seen (remoting.md 15). Equal only if all three are equal. */
export interface DataVersion {
  readonly stateVersion: number;
  readonly timestamp: number;
  readonly counter: number;
}

export const NO_VERSION: DataVersion = { stateVersion: 0, timestamp: 0, counter: 0 };

/** The version after a change. `stateVersion` is the master epoch in controller mode, else 0. @source DataVersion.nextVersion */
export function nextVersion(version: DataVersion, stateVersion: number, clock: Clock): DataVersion {
  return { stateVersion, timestamp: clock.wallMs(), counter: version.counter + 1 };
}

export function sameVersion(a: DataVersion, b: DataVersion): boolean {
  return a.stateVersion === b.stateVersion && a.timestamp === b.timestamp && a.counter === b.counter;
}

/** Reads what a peer or a file says; what is missing counts as 0. */
export function toVersion(value: unknown): DataVersion {
  const fields = (value ?? {}) as Record<string, unknown>;
  const number = (name: string): number => (typeof fields[name] === 'number' ? fields[name] : 0);
  return { stateVersion: number('stateVersion'), timestamp: number('timestamp'), counter: number('counter') };
}
