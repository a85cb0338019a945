import { Consumer, Producer } from '@batonmq/client';
import { nodeHost, silentLog } from '@batonmq/host';
import type { Tally } from './tally';

/** Sends under way at the same time. */
const LANES = 8;

export interface Acknowledgement {
  /** Port of the broker that stored the message, from its message id. */
  readonly brokerPort: number;
  readonly atMs: number;
}

/** A producer that sends without pause and a consumer that reads along. */
export class Traffic {
  private readonly producer: Producer;
  private readonly consumer: Consumer;
  private readonly listeners = new Set<(acknowledgement: Acknowledgement) => void>();
  private sending = false;
  private lanes: Promise<unknown> = Promise.resolve();

  constructor(
    nameServers: string,
    private readonly topic: string,
    private readonly tally: Tally,
  ) {
    const host = nodeHost(silentLog);
    this.producer = new Producer(host, {
      nameServers,
      group: 'demo-producer',
      attemptTimeoutMs: 1000,
      sendTimeoutMs: 30_000,
    });
    this.consumer = new Consumer(host, { nameServers, group: 'demo-consumer', topic }, (message) => {
      tally.consume(Number(message.body.toString('latin1')), performance.now());
    });
  }

  async start(): Promise<void> {
    await this.consumer.start();
    this.sending = true;
    this.lanes = Promise.all(Array.from({ length: LANES }, () => this.lane()));
  }

  /** Resolves with the first acknowledgement by another broker than the one at `port`. */
  firstAckFromElsewhere(port: number): Promise<Acknowledgement> {
    return new Promise((resolve) => {
      const listener = (acknowledgement: Acknowledgement): void => {
        if (acknowledgement.brokerPort === port) return;
        this.listeners.delete(listener);
        resolve(acknowledgement);
      };
      this.listeners.add(listener);
    });
  }

  async stopSending(): Promise<void> {
    this.sending = false;
    await this.lanes;
  }

  async stop(): Promise<void> {
    this.sending = false;
    await this.producer.stop();
    await this.consumer.stop();
  }

  private async lane(): Promise<void> {
    while (this.sending) {
      const number = this.tally.next();
      try {
        const receipt = await this.producer.send({ topic: this.topic, body: Buffer.from(String(number), 'latin1') });
        this.tally.acknowledge(number);
        const acknowledgement = { brokerPort: portOf(receipt.messageId), atMs: performance.now() };
        for (const listener of [...this.listeners]) listener(acknowledgement);
      } catch {
        // Not acknowledged: nothing was promised.
      }
    }
  }
}

/** An offset message id begins with the address and port of the broker that stored the message (remoting.md 12.1). */
const portOf = (messageId: string): number => Number.parseInt(messageId.slice(8, 16), 16);
