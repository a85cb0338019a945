import { Prng } from '@batonmq/simulator';
import type { SimulatedClusterOptions } from '../cluster/options';
import { drawFaults, type PlannedFault } from '../faults/fault';

/** Everything that a seed decides about a run, so that it can be printed with the seed. */
export interface Draw {
  readonly cluster: SimulatedClusterOptions;
  readonly queues: number;
  readonly pauseMs: number;
  readonly loops: number;
  readonly troubleMs: number;
  readonly faults: readonly PlannedFault[];
}

const TROUBLE_MS = [2000, 4000];

export function draw(seed: number): Draw {
  const prng = new Prng(seed).split('scenario');
  const syncFlush = prng.chance(0.25);
  const [least, most] = TROUBLE_MS as [number, number];
  const troubleMs = prng.between(least, most);
  return {
    cluster: {
      seed,
      nameServers: 1 + prng.int(3),
      network: {
        maxDelayMs: prng.chance(0.2) ? 15 : 1,
        lossRate: prng.chance(0.3) ? 0.01 : 0.001,
      },
      brokerProperties: {
        flushDiskType: syncFlush ? 'SYNC_FLUSH' : 'ASYNC_FLUSH',
        mappedFileSizeCommitLog: String(prng.chance(0.5) ? 16_384 : 65_536),
        haTransferBatchSize: String(prng.chance(0.3) ? 700 : 32_768),
        minInSyncReplicas: prng.chance(0.3) ? '2' : '1',
      },
      clockDrift: prng.chance(0.3)
        ? { 'broker-1': prng.between(-0.05, 0.05), 'broker-2': prng.between(-0.05, 0.05), 'controller-1': 0.02 }
        : {},
    },
    queues: 1 + prng.int(3),
    pauseMs: prng.between(5, 30),
    loops: 1 + prng.int(3),
    troubleMs,
    faults: drawFaults(prng, troubleMs),
  };
}
