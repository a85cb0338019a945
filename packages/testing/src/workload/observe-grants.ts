import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { History } from '../history';

/** Notes when, and in which epoch, the ack rule of a broker holds for what it accepted. */
export function observeGrants(cluster: SimulatedCluster, history: History): void {
  const { world } = cluster;
  for (const node of cluster.brokers) {
    node.onCreated((broker) => {
      const { replication } = broker;
      if (replication === undefined) return;
      const inner = replication.onReplicated.bind(replication);
      replication.onReplicated = (endOffset, callback) => {
        const { epoch } = broker.role;
        const acceptedMs = world.now();
        inner(endOffset, (outcome) => {
          const grantedMs = world.now();
          if (outcome === 'ok') history.granted.push({ broker: node.name, epoch, endOffset, acceptedMs, grantedMs });
          callback(outcome);
        });
      };
    });
  }
}
