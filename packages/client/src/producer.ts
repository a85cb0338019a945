import { textOf, type Host } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  ResponseCode,
  brokerHeaders,
  formatProperties,
  type RemotingCommand,
} from '@batonmq/remoting';
import { ClientError } from './errors';
import { NameServers } from './name-servers';
import { Routes, type TopicRoute } from './routes';

export interface ProducerOptions {
  /** `host:port;host:port` */
  readonly nameServers: string;
  readonly group?: string;
  /** For one attempt. */
  readonly attemptTimeoutMs?: number;
  /** For all attempts of one send together. */
  readonly sendTimeoutMs?: number;
  /** Between a failed attempt and the next; the route is asked for anew meanwhile. */
  readonly retryPauseMs?: number;
}

export interface Message {
  readonly topic: string;
  readonly body: Buffer;
  readonly tags?: string;
  readonly keys?: string;
  readonly properties?: Readonly<Record<string, string>>;
  /** Default: the producer takes the queues in turn. */
  readonly queueId?: number;
}

export interface SendReceipt {
  readonly messageId: string;
  readonly uniqueKey: string;
  readonly brokerName: string;
  readonly queueId: number;
  readonly queueOffset: number;
  /** Attempts it took; more than one may have stored the message more than once. */
  readonly attempts: number;
}

/** Answers after which another attempt can succeed (broker.md 2.6). */
const RETRYABLE = new Set<number>([
  ResponseCode.SYSTEM_ERROR,
  ResponseCode.SYSTEM_BUSY,
  ResponseCode.SERVICE_NOT_AVAILABLE,
  ResponseCode.NO_PERMISSION,
  ResponseCode.TOPIC_NOT_EXIST,
  ResponseCode.FLUSH_DISK_TIMEOUT,
  ResponseCode.FLUSH_SLAVE_TIMEOUT,
  ResponseCode.SLAVE_NOT_AVAILABLE,
]);

/** Sends messages and follows the master of a group through failovers. */
export class Producer {
  private readonly client: RemotingClient;
  private readonly routes: Routes;
  private readonly keyPrefix: string;
  private keyCounter = 0;
  private turn = 0;

  constructor(
    private readonly host: Host,
    private readonly options: ProducerOptions,
  ) {
    this.client = new RemotingClient(host);
    this.routes = new Routes(new NameServers(this.client, options.nameServers));
    this.keyPrefix = host.random.bytes(12).toString('hex').toUpperCase();
  }

  /**
   * Resolves when the broker has acknowledged the message under its ack rule; only SUCCESS counts.
   * @throws ClientError SEND_FAILED when no attempt succeeded in time, or the broker refuses for good
   */
  async send(message: Message): Promise<SendReceipt> {
    const { clock } = this.host;
    const deadlineMs = clock.monotonicMs() + (this.options.sendTimeoutMs ?? 10_000);
    const uniqueKey = this.keyPrefix + (this.keyCounter++ >>> 0).toString(16).padStart(8, '0').toUpperCase();
    let problem = 'no time for an attempt';
    for (let attempts = 1; clock.monotonicMs() < deadlineMs; attempts += 1) {
      try {
        const outcome = await this.attempt(message, uniqueKey);
        if ('receipt' in outcome) return { ...outcome.receipt, attempts };
        problem = outcome.problem;
        if (outcome.final) break;
      } catch (error) {
        problem = textOf(error);
      }
      await this.pauseAndRefresh(message.topic);
    }
    throw new ClientError('SEND_FAILED', `message to ${message.topic} was not acknowledged: ${problem}`);
  }

  stop(): Promise<void> {
    return this.client.stop();
  }

  private async attempt(
    message: Message,
    uniqueKey: string,
  ): Promise<{ receipt: Omit<SendReceipt, 'attempts'> } | { problem: string; final: boolean }> {
    const target = this.choose(await this.routes.of(message.topic), message);
    if (target === undefined) return { problem: 'no queue with a master', final: false };
    const properties = formatProperties(
      Object.entries({
        ...message.properties,
        ...(message.keys && { KEYS: message.keys }),
        ...(message.tags && { TAGS: message.tags }),
        UNIQ_KEY: uniqueKey,
        WAIT: 'true',
      }),
    );
    const header = brokerHeaders.SendMessageV2Request.encode({
      a: this.options.group ?? 'DEFAULT_PRODUCER',
      b: message.topic,
      c: 'TBW102',
      d: 4,
      e: target.queueId,
      f: 0,
      g: this.host.clock.wallMs(),
      h: 0,
      i: properties,
      j: 0,
      k: false,
      l: undefined,
      m: false,
      n: target.brokerName,
    });
    const request = { code: RequestCode.SEND_MESSAGE_V2, header, body: message.body };
    const answer = await this.client.invoke(target.address, request, this.options.attemptTimeoutMs ?? 3000);
    if (answer.code !== ResponseCode.SUCCESS) {
      return { problem: `code ${answer.code}: ${answer.remark ?? ''}`, final: !RETRYABLE.has(answer.code) };
    }
    return { receipt: receiptOf(answer, uniqueKey, target.brokerName) };
  }

  private choose(
    route: TopicRoute,
    message: Message,
  ): { address: string; brokerName: string; queueId: number } | undefined {
    const turn = this.turn++;
    for (let tried = 0; tried < route.queues.length; tried += 1) {
      const queue = route.queues[(turn + tried) % route.queues.length];
      const address = queue && route.brokers.get(queue.brokerName)?.addresses.get(0);
      if (queue === undefined || address === undefined || (queue.perm & 2) === 0 || queue.writeQueueNums < 1) continue;
      const queueId = message.queueId ?? Math.floor(turn / route.queues.length) % queue.writeQueueNums;
      return { address, brokerName: queue.brokerName, queueId };
    }
    return undefined;
  }

  private async pauseAndRefresh(topic: string): Promise<void> {
    await new Promise<void>((resolve) => void this.host.timers.after(this.options.retryPauseMs ?? 20, resolve));
    await this.routes.refresh(topic).catch(() => {});
  }
}

function receiptOf(answer: RemotingCommand, uniqueKey: string, brokerName: string): Omit<SendReceipt, 'attempts'> {
  const { msgId, queueId, queueOffset } = brokerHeaders.SendMessageResponse.decode(answer.extFields);
  return { messageId: msgId, uniqueKey, brokerName, queueId, queueOffset };
}
