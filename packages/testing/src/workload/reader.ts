import { Consumer } from '@batonmq/client';
import type { SimulatedCluster } from '../cluster/simulated-cluster';
import { numberOf, type History } from '../history';

/** A consumer of the production client that writes down all it gets. */
export function startReader(cluster: SimulatedCluster, history: History, topic: string): void {
  const consumer = new Consumer(
    cluster.client('reader'),
    { nameServers: cluster.namesrvAddress, group: 'readers', topic, from: 'first', pollRouteMs: 500 },
    ({ body, queueId, queueOffset, physicalOffset }) => {
      const atMs = cluster.world.now();
      history.delivered.push({ number: numberOf(body), queueId, queueOffset, physicalOffset, atMs });
    },
  );
  void consumer.start();
}
