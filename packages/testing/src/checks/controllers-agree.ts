import type { BrokerSet } from '@batonmq/controller';
import { BROKER_NAME } from '../cluster/properties';
import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { History } from '../history';
import type { Check } from './check';

/**
 * Controllers agree: whichever of them is asked, at whatever time, an epoch has one master and a SyncStateSet epoch one
 * set. Watched all the time; in the end all
 * controllers have the same state.
 */
export const controllersAgree: Check = {
  name: 'controllers agree',
  run({ cluster }) {
    const states = statesOf(cluster);
    return new Set(states).size === 1 ? [] : [`controllers differ: ${states.join(' | ')}`];
  },
};

/** Whether all controllers have caught up with each other. */
export function controllersAreLevel(cluster: SimulatedCluster): boolean {
  return new Set(statesOf(cluster)).size === 1;
}

function statesOf(cluster: SimulatedCluster): string[] {
  return cluster.controllers.map(({ name, service, problem }) => {
    const set = service?.status().sets.get(BROKER_NAME);
    if (set === undefined) return `${name}: ${service === undefined ? (problem ?? 'not running') : 'knows no group'}`;
    return JSON.stringify({ ...set, members: [...set.members.entries()] });
  });
}

const LOOK_MS = 10;

/** Looks at all controllers again and again from now on; what it finds goes into the history. */
export function watchControllers(cluster: SimulatedCluster, history: History): void {
  const masters = new Map<number, number>();
  const sets = new Map<string, string>();
  const lastOf = new Map<string, BrokerSet>();
  const look = (): void => {
    for (const { name, service } of cluster.controllers) {
      const set = service?.status().sets.get(BROKER_NAME);
      const last = lastOf.get(name);
      if (set === undefined || set === last) continue;
      lastOf.set(name, set);
      compare(masters, set.masterEpoch, set.masterBrokerId, `masters of epoch ${set.masterEpoch}`, history);
      const members = [...set.syncStateSet].sort().join();
      const key = `${set.masterEpoch}/${set.syncStateSetEpoch}`;
      compare(sets, key, members, `SyncStateSets of epoch ${key}`, history);
    }
    cluster.world.after(LOOK_MS, look);
  };
  look();
}

function compare<Key, Value>(
  known: Map<Key, Value>,
  key: Key,
  value: Value | undefined,
  what: string,
  to: History,
): void {
  if (value === undefined) return;
  const before = known.get(key);
  if (before === undefined) known.set(key, value);
  else if (before !== value) to.violations.push(`two ${what}: ${before} and ${value}`);
}
