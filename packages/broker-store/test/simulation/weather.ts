import type { Prng } from '@batonmq/simulator';
import type { StoreOptions } from '../../src/index';
import { ALL_PLACES, type Places } from './records';

/** Everything drawn for one seed; printed with it. */
export interface Weather {
  readonly options: Partial<StoreOptions>;
  readonly role: 'alone' | 'controlled';
  readonly steps: number;
  /** Chance that a write makes the kernel write back pages on its own account. */
  readonly writeBackRate: number;
  /** Part of restarts that come by power loss, of those that are not clean. */
  readonly powerLosses: number;
  readonly deletions: boolean;
  readonly places: Places;
  readonly faults: boolean;
  readonly damage: boolean;
}

export function drawWeather(prng: Prng): Weather {
  const role = prng.chance(0.5) ? 'alone' : 'controlled';
  const expiry = prng.chance(0.3);
  const options: Partial<StoreOptions> = {
    flushDiskType: prng.chance(0.6) ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
    enableControllerMode: role === 'controlled',
    mappedFileSizeCommitLog: 2048 << prng.int(3),
    mappedFileSizeConsumeQueue: 20 * (5 + prng.int(60)),
    maxHashSlotNum: 10 + prng.int(40),
    maxIndexNum: 20 + prng.int(100),
    messageIndexEnable: prng.chance(0.8),
    tailCacheBytes: prng.chance(0.5) ? 4096 : 1 << 20,
    flushIntervalCommitLog: 20 + prng.int(500),
    flushCommitLogThoroughInterval: 100 + prng.int(3000),
    flushIntervalConsumeQueue: 50 + prng.int(1000),
    flushConsumeQueueThoroughInterval: 500 + prng.int(4000),
    cleanResourceInterval: 700,
    deleteWhen: Array.from({ length: 24 }, (_, hour) => hour).join(';'),
    fileReservedTime: expiry ? (20 + prng.int(100)) / 3600 : 72,
  };
  const weather = {
    options,
    role,
    steps: 8 + prng.int(25),
    writeBackRate: prng.chance(0.5) ? 1 / 8 : 1 / 64,
    powerLosses: prng.next(),
    deletions: prng.chance(0.3),
    places: ALL_PLACES,
    faults: prng.chance(0.3),
    damage: prng.chance(0.15),
  } as const;
  const ext = { enableConsumeQueueExt: prng.chance(0.25), mappedFileSizeConsumeQueueExt: 24 + prng.int(200) };
  const crc = { enabledAppendPropCRC: prng.chance(0.25), forceVerifyPropCRC: prng.chance(0.25) };
  return { ...weather, options: { ...options, ...ext, ...crc } };
}
