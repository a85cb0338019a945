import type { Dice } from './dice';

/**
 * What may go wrong in one run, drawn from its seed. The fault model: messages are lost, doubled, delayed and so
 * reordered; links break one way or both, or hold back for long what comes in the end; clocks run at different speeds; nodes pause; they crash at any moment, and
 * then a write in flight is on the disk whole, not at all, or with its last entries torn off, and everything not written
 * is gone; disks are slow, or hang for a while; members come, go, are promoted and demoted, one by one and jointly. What
 * was written and reported durable stays. Nobody lies.
 */
export interface Weather {
  /** Those who found the group. */
  readonly nodes: number;
  /** Others that wait to be added. */
  readonly spares: number;
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelayMs: number;
  readonly maxSyncMs: number;
  /** Mean pause between two, in ms; 0: never. */
  readonly crashEveryMs: number;
  readonly crashAtWriteEveryMs: number;
  readonly partitionEveryMs: number;
  readonly holdEveryMs: number;
  readonly pauseEveryMs: number;
  readonly slowDiskEveryMs: number;
  readonly transferEveryMs: number;
  readonly changeEveryMs: number;
  readonly proposeEveryMs: number;
  readonly readEveryMs: number;
  readonly clockDrift: number;
  readonly snapshotEvery: number;
  readonly keepEntries: number;
  readonly maxAppendBytes: number;
  readonly maxInFlight: number;
  readonly stormMs: number;
  /** After the storm: for so long nobody may be disturbed by one who is cut off and comes back. */
  readonly steadyMs: number;
}

export const ELECTION_TIMEOUT_MS = 100;
export const HEARTBEAT_MS = 20;
export const SNAPSHOT_CHUNK_BYTES = 16;

export function drawWeather(dice: Dice): Weather {
  const often = (probability: number, low: number, high: number): number =>
    dice.chance(probability) ? dice.between(low, high) : 0;
  const changes = dice.chance(0.5);
  return {
    nodes: dice.pick([1, 3, 3, 3, 3, 3, 5, 5]),
    spares: changes ? dice.pick([1, 2, 2]) : 0,
    loss: often(0.6, 0, 0.25),
    duplication: often(0.5, 0, 0.2),
    maxDelayMs: dice.pick([2, 5, 10, 30, 80]),
    maxSyncMs: dice.pick([0.5, 2, 5, 20, 60]),
    crashEveryMs: often(0.7, 60, 600),
    crashAtWriteEveryMs: often(0.4, 80, 600),
    partitionEveryMs: often(0.7, 60, 600),
    holdEveryMs: often(0.3, 60, 600),
    pauseEveryMs: often(0.4, 100, 600),
    slowDiskEveryMs: often(0.3, 100, 600),
    transferEveryMs: often(0.4, 100, 800),
    changeEveryMs: changes ? dice.between(15, 150) : 0,
    proposeEveryMs: dice.pick([5, 10, 20, 40]),
    readEveryMs: dice.pick([10, 30]),
    clockDrift: often(0.5, 0, 0.2),
    snapshotEvery: dice.pick([0, 0, 3, 8, 20]),
    keepEntries: dice.pick([0, 2, 6]),
    maxAppendBytes: dice.pick([60, 200, 1000]),
    maxInFlight: dice.pick([1, 2, 8]),
    stormMs: dice.pick([400, 800, 1200]),
    steadyMs: dice.chance(0.15) ? ELECTION_TIMEOUT_MS * 5 : 0,
  };
}
