import { LocalCluster } from 'batonmq';

export async function failover(directory: string): Promise<[string, string]> {
  const cluster = new LocalCluster({ directory });
  await cluster.start();
  await cluster.createTopic('Orders', 8);
  console.log(cluster.namesrvAddress); // for clients
  const master = await cluster.masterNode();
  await cluster.kill(master.name);
  const successor = await cluster.masterNode();
  await cluster.stop();
  return [master.name, successor.name];
}
