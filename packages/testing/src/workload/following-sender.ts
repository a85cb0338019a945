import { Producer } from '@batonmq/client';
import { parseOffsetMessageId } from '@batonmq/broker-store';
import type { SimulatedCluster } from '../cluster/simulated-cluster';
import { bodyOf, type History } from '../history';

/** Sends without pause through the production client, which follows the master by the routes. */
export class FollowingSender {
  private stopped = false;
  private readonly producer: Producer;
  private readonly pause: (ms: number) => Promise<void>;

  constructor(
    private readonly cluster: SimulatedCluster,
    name: string,
    private readonly history: History,
    private readonly options: { readonly topic: string; readonly pauseMs: number },
  ) {
    const host = cluster.client(name);
    this.pause = (ms) => new Promise((resolve) => void host.timers.after(ms, resolve));
    this.producer = new Producer(host, {
      nameServers: cluster.namesrvAddress,
      attemptTimeoutMs: 1500,
      sendTimeoutMs: 6000,
    });
  }

  /** Messages of which nobody knows yet whether they are safe. */
  open = 0;

  start(loops: number): void {
    for (let loop = 0; loop < loops; loop += 1) void this.run();
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    const { topic, pauseMs } = this.options;
    while (!this.stopped) {
      const number = this.history.nextNumber();
      this.open += 1;
      try {
        const { messageId, queueId, queueOffset } = await this.producer.send({ topic, body: bodyOf(number) });
        this.acknowledged(number, messageId, queueId, queueOffset);
      } catch {
        // Not acknowledged: it may be there or not.
      }
      this.open -= 1;
      await this.pause(pauseMs);
    }
  }

  private acknowledged(number: number, messageId: string, queueId: number, queueOffset: number): void {
    const { host, physicalOffset } = parseOffsetMessageId(messageId);
    const broker = this.cluster.brokers.find((node) => node.machine.address === host)?.name ?? host;
    const atMs = this.cluster.world.now();
    this.history.acknowledged.push({ number, queueId, queueOffset, physicalOffset, broker, atMs });
  }
}
