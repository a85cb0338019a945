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
    const states = cluster.controllers.map((node) =>
      JSON.stringify(plain(node.service?.status().sets.get(BROKER_NAME))),
    );
    return new Set(states).size === 1 ? [] : [`controllers differ: ${states.join(' | ')}`];
  },
};

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

function plain(set: BrokerSet | undefined): unknown {
  return set === undefined ? undefined : { ...set, members: [...set.members.entries()] };
}
