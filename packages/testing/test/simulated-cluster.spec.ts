import { Consumer, Producer } from '@batonmq/client';
import { SimulatedCluster } from '../src';

describe('SimulatedCluster', () => {
  it('elects a master, replicates, and survives the death of the master', async () => {
    const cluster = new SimulatedCluster({ seed: 1 });
    try {
      await cluster.start();
      await cluster.createTopic('orders', 2);
      const producer = new Producer(cluster.client('producer'), { nameServers: cluster.namesrvAddress });
      const got: string[] = [];
      const consumer = new Consumer(
        cluster.client('consumer'),
        { nameServers: cluster.namesrvAddress, group: 'billing', topic: 'orders', from: 'first' },
        (message) => void got.push(message.body.toString()),
      );
      void consumer.start();
      let acknowledged = 0;
      const send = async (): Promise<void> => {
        for (let number = 0; number < 20; number += 1) {
          await producer.send({ topic: 'orders', body: Buffer.from(String(number)) });
          acknowledged += 1;
          if (number === 9) cluster.kill(cluster.master!.name);
        }
      };
      const sending = send();
      await cluster.until('all is sent', 60_000, () => acknowledged === 20);
      await sending;
      await cluster.until('all is consumed', 60_000, () => new Set(got).size === 20);
    } catch (error) {
      console.log(cluster.world.trace.join('\n'));
      throw error;
    }
  });
});
