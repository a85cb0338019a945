import { LocalCluster } from 'batonmq';
import type { Cluster, ClusterOptions } from './cluster';
import { JavaCluster } from './java-cluster';

/** Which make of servers the suites run on: BATONMQ_E2E_CLUSTER=java is RocketMQ 5.4.0 itself, for comparison. */
export const clusterMake = (): 'batonmq' | 'java' =>
  process.env['BATONMQ_E2E_CLUSTER'] === 'java' ? 'java' : 'batonmq';

/** A started cluster of three name servers with controllers and one group of three brokers. */
export async function openCluster(options: ClusterOptions, make = clusterMake()): Promise<Cluster> {
  const cluster: Cluster = make === 'java' ? new JavaCluster(options) : new LocalCluster(options);
  try {
    await cluster.start();
    return cluster;
  } catch (error) {
    await cluster.stop();
    throw error;
  }
}
