import type { Dice } from './dice';

/**
 * What may go wrong in one run, drawn from its seed. The fault model: messages are lost, doubled, delayed and so
 * reordered; links break one way or both; clocks run at different speeds; nodes pause; they crash at any moment, and
 * then a write in flight is on the disk whole or not at all, and everything not written is gone; disks are slow. What
 * was written and reported durable stays. Nobody lies.
 */
export interface Weather {
  readonly nodes: number;
  readonly loss: number;
  readonly duplication: number;
  readonly maxDelayMs: number;
  readonly maxSyncMs: number;
  /** Mean pause between two, in ms; 0: never. */
  readonly crashEveryMs: number;
  readonly partitionEveryMs: number;
  readonly pauseEveryMs: number;
  readonly transferEveryMs: number;
  readonly proposeEveryMs: number;
  readonly readEveryMs: number;
  readonly clockDrift: number;
  readonly snapshotEvery: number;
  readonly keepEntries: number;
  readonly maxAppendBytes: number;
  readonly maxInFlight: number;
  readonly stormMs: number;
}

export const ELECTION_TIMEOUT_MS = 100;
export const HEARTBEAT_MS = 20;
export const SNAPSHOT_CHUNK_BYTES = 16;

export function drawWeather(dice: Dice): Weather {
  const often = (probability: number, low: number, high: number): number =>
    dice.chance(probability) ? dice.between(low, high) : 0;
  return {
    nodes: dice.pick([1, 3, 3, 3, 3, 3, 5, 5, 5]),
    loss: often(0.6, 0, 0.25),
    duplication: often(0.5, 0, 0.2),
    maxDelayMs: dice.pick([2, 5, 10, 30, 80]),
    maxSyncMs: dice.pick([0.5, 2, 5, 20, 60]),
    crashEveryMs: often(0.8, 60, 600),
    partitionEveryMs: often(0.7, 60, 600),
    pauseEveryMs: often(0.4, 100, 600),
    transferEveryMs: often(0.4, 100, 800),
    proposeEveryMs: dice.pick([5, 10, 20, 40]),
    readEveryMs: dice.pick([10, 30]),
    clockDrift: often(0.4, 0, 0.15),
    snapshotEvery: dice.pick([0, 0, 3, 8, 20]),
    keepEntries: dice.pick([0, 2, 6]),
    maxAppendBytes: dice.pick([60, 200, 1000]),
    maxInFlight: dice.pick([1, 2, 8]),
    stormMs: dice.pick([800, 1200, 2000]),
  };
}
