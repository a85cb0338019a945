import { parseAddress } from '@batonmq/host';
import { BROKER_NAME, type LocalCluster } from '../local-cluster';
import type { Traffic } from './traffic';

/** One killed master. Times in ms. */
export interface Failover {
  readonly killed: string;
  /** Controller's id of the new master. */
  readonly elected: number;
  readonly epoch: number;
  /** From the kill to the first send acknowledged by another broker. */
  readonly toFirstAckMs: number;
  /** From the kill until a name server shows the new master. */
  readonly toRouteMs: number;
  /** From the restart of the victim until it is a slave in the SyncStateSet again. */
  readonly toBackInSyncMs: number;
}

const LIMIT_MS = 60_000;

/** Kills the master with SIGKILL, waits for its successor to acknowledge, restarts the victim, waits until it is in sync. */
export async function failOver(cluster: LocalCluster, traffic: Traffic): Promise<Failover> {
  const victim = await cluster.masterNode();
  const size = cluster.nodes.filter((node) => node.kind === 'broker').length;
  const firstAck = traffic.firstAckFromElsewhere(parseAddress(victim.address)?.port ?? 0);
  const killedMs = performance.now();
  void victim.kill('SIGKILL');
  const routed = cluster.until('the route shows a new master', LIMIT_MS, async () => {
    const master = (await cluster.admin.clusterInfo()).brokers.get(BROKER_NAME)?.get(0);
    return master !== undefined && master !== victim.address;
  });
  const toRouteMs = routed.then(() => Math.round(performance.now() - killedMs));
  const acknowledged = await Promise.race([
    firstAck,
    cluster.until('a successor acknowledges', LIMIT_MS, async () => false).then(() => firstAck),
  ]);
  const routeMs = await toRouteMs;
  const { masterBrokerId, masterEpoch } = await cluster.groupState();
  const restartedMs = performance.now();
  await cluster.restart(victim.name);
  await cluster.until(`${victim.name} is back in the SyncStateSet`, LIMIT_MS, async () => {
    const group = await cluster.replicaGroup();
    return (
      group?.inSync.length === size &&
      group.masterAddress !== victim.address &&
      group.inSync.some((replica) => replica.brokerAddress === victim.address)
    );
  });
  return {
    killed: victim.name,
    elected: masterBrokerId ?? -1,
    epoch: masterEpoch,
    toFirstAckMs: Math.round(acknowledged.atMs - killedMs),
    toRouteMs: routeMs,
    toBackInSyncMs: Math.round(performance.now() - restartedMs),
  };
}
