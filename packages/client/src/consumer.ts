import { textOf, type Cancel, type Host } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  ResponseCode,
  brokerHeaders,
  decodeMessages,
  readJson,
  writeJson,
  type ReceivedMessage,
} from '@batonmq/remoting';
import { allocateAveragely } from './allocation';
import { ClientError } from './errors';
import { NameServers } from './name-servers';
import { Routes, type BrokerRoute, type TopicRoute } from './routes';

export interface ConsumerOptions {
  readonly nameServers: string;
  readonly group: string;
  readonly topic: string;
  /** Tag expression, `*` for all. */
  readonly subscription?: string;
  /** Where a group without an offset begins in a queue that is no longer young. */
  readonly from?: 'first' | 'last';
  readonly pullBatchSize?: number;
  readonly pollRouteMs?: number;
}

export type MessageHandler = (message: ReceivedMessage) => void | Promise<void>;

/** Bits of PullSysFlag. */
const COMMIT = 1;
const SUSPEND = 2;
const SUBSCRIPTION = 4;
const SUSPEND_MS = 15_000;
const RETRY_MS = 100;

interface Assignment {
  readonly brokerName: string;
  readonly queueId: number;
  /** Next offset to pull; undefined until the broker said where the group is. */
  next: number | undefined;
  stopped: boolean;
}

/**
 * A push consumer of one topic in clustering mode: shares the queues with the other members of its group, pulls with long
 * polling, commits after the handler returned. A message is handled at least once; a handler that throws gets it again.
 */
export class Consumer {
  private readonly client: RemotingClient;
  private readonly nameServers: NameServers;
  private readonly routes: Routes;
  private readonly clientId: string;
  private readonly subVersion: number;
  private readonly assignments = new Map<string, Assignment>();
  private cancels: Cancel[] = [];
  private stopped = true;

  constructor(
    private readonly host: Host,
    private readonly options: ConsumerOptions,
    private readonly handler: MessageHandler,
  ) {
    this.client = new RemotingClient(host);
    this.nameServers = new NameServers(this.client, options.nameServers);
    this.routes = new Routes(this.nameServers);
    this.clientId = `${host.machine.address}@${host.machine.pid}#${host.random.bytes(4).toString('hex')}`;
    this.subVersion = host.clock.wallMs();
    this.client.handle(RequestCode.NOTIFY_CONSUMER_IDS_CHANGED, () => {
      void this.rebalance();
      return undefined;
    });
  }

  /** Starts in the background: brokers may still be on their way up. */
  async start(): Promise<void> {
    this.stopped = false;
    const round = async (): Promise<void> => {
      await this.routes.refresh(this.options.topic).catch(() => {});
      await this.heartbeat();
      await this.rebalance();
    };
    await round();
    if (this.stopped) return;
    const { timers } = this.host;
    this.cancels = [
      timers.every(
        this.options.pollRouteMs ?? 1000,
        () => void this.routes.refresh(this.options.topic).catch(() => {}),
      ),
      timers.every(5000, () => void round()),
    ];
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    for (const cancel of this.cancels) cancel();
    for (const one of this.assignments.values()) one.stopped = true;
    const header = brokerHeaders.UnregisterClientRequest.encode({
      clientID: this.clientId,
      consumerGroup: this.options.group,
    });
    const brokers = await this.brokers();
    await Promise.allSettled(
      brokers.flatMap((broker) =>
        [...broker.addresses.values()].map((address) =>
          this.client.invoke(address, { code: RequestCode.UNREGISTER_CLIENT, header }, 500),
        ),
      ),
    );
    await this.client.stop();
  }

  private async brokers(): Promise<BrokerRoute[]> {
    try {
      return [...(await this.routes.of(this.options.topic)).brokers.values()];
    } catch {
      return [];
    }
  }

  private async heartbeat(): Promise<void> {
    const { group, topic, subscription = '*' } = this.options;
    const subscriptionData = {
      classFilterMode: false,
      codeSet: [],
      expressionType: 'TAG',
      subString: subscription,
      subVersion: this.subVersion,
      tagsSet: [],
      topic,
    };
    const body = writeJson({
      clientID: this.clientId,
      consumerDataSet: [
        {
          consumeFromWhere: 'CONSUME_FROM_FIRST_OFFSET',
          consumeType: 'CONSUME_PASSIVELY',
          groupName: group,
          messageModel: 'CLUSTERING',
          subscriptionDataSet: [subscriptionData],
          unitMode: false,
        },
      ],
      heartbeatFingerprint: 0,
      producerDataSet: [],
      withoutSub: false,
    });
    const addresses = (await this.brokers()).flatMap((broker) => [...broker.addresses.values()]);
    await Promise.allSettled(
      addresses.map((address) => this.client.invoke(address, { code: RequestCode.HEART_BEAT, body }, 1000)),
    );
  }

  private async rebalance(): Promise<void> {
    if (this.stopped) return;
    try {
      const route = await this.routes.of(this.options.topic);
      const members = await this.memberIds(route);
      if (!members.includes(this.clientId)) return;
      const all = queuesOf(route);
      this.assign(new Set(allocateAveragely(this.clientId, members, all)));
    } catch (error) {
      this.host.log.debug({ error: textOf(error) }, 'rebalancing is put off');
    }
  }

  private async memberIds(route: TopicRoute): Promise<string[]> {
    for (const broker of route.brokers.values()) {
      const address = broker.addresses.get(0);
      if (address === undefined) continue;
      const header = { consumerGroup: this.options.group };
      const answer = await this.client.invoke(address, { code: RequestCode.GET_CONSUMER_LIST_BY_GROUP, header }, 1000);
      if (answer.code !== ResponseCode.SUCCESS || answer.body === undefined) continue;
      return ((readJson(answer.body) as { consumerIdList?: string[] }).consumerIdList ?? []).sort();
    }
    throw new ClientError(
      'NO_ROUTE',
      `no broker of ${this.options.topic} says who is in the group ${this.options.group}`,
    );
  }

  private assign(wanted: ReadonlySet<string>): void {
    for (const [key, assignment] of [...this.assignments]) {
      if (wanted.has(key)) continue;
      assignment.stopped = true;
      this.assignments.delete(key);
    }
    for (const key of wanted) {
      if (this.assignments.has(key)) continue;
      const at = key.lastIndexOf('@');
      const assignment: Assignment = {
        brokerName: key.slice(0, at),
        queueId: Number(key.slice(at + 1)),
        next: undefined,
        stopped: false,
      };
      this.assignments.set(key, assignment);
      void this.consume(assignment);
    }
  }

  /** Pulls one queue until it is given up. Every failure is followed by a fresh look at the route. */
  private async consume(assignment: Assignment): Promise<void> {
    while (!assignment.stopped && !this.stopped) {
      try {
        await this.pullOnce(assignment);
      } catch (error) {
        if (assignment.stopped || this.stopped) return;
        this.host.log.debug({ queueId: assignment.queueId, error: textOf(error) }, 'a pull failed; it is tried again');
        await new Promise<void>((resolve) => void this.host.timers.after(RETRY_MS, resolve));
        await this.routes.refresh(this.options.topic).catch(() => {});
        await this.heartbeat();
      }
    }
  }

  private async pullOnce(assignment: Assignment): Promise<void> {
    const address = (await this.routes.of(this.options.topic)).brokers.get(assignment.brokerName)?.addresses.get(0);
    if (address === undefined) throw new ClientError('NO_ROUTE', `${assignment.brokerName} has no master now`);
    assignment.next ??= await this.storedOffset(address, assignment.queueId);
    const header = brokerHeaders.PullMessageRequest.encode({
      consumerGroup: this.options.group,
      topic: this.options.topic,
      queueId: assignment.queueId,
      queueOffset: assignment.next,
      maxMsgNums: this.options.pullBatchSize ?? 32,
      sysFlag: COMMIT | SUSPEND | SUBSCRIPTION,
      commitOffset: assignment.next,
      suspendTimeoutMillis: SUSPEND_MS,
      subscription: this.options.subscription ?? '*',
      subVersion: this.subVersion,
      expressionType: 'TAG',
      maxMsgBytes: undefined,
    });
    const answer = await this.client.invoke(address, { code: RequestCode.PULL_MESSAGE, header }, SUSPEND_MS * 2);
    const moved = answer.code === ResponseCode.PULL_OFFSET_MOVED || answer.code === ResponseCode.PULL_RETRY_IMMEDIATELY;
    if (answer.code === ResponseCode.SUCCESS) {
      for (const message of decodeMessages(answer.body ?? Buffer.alloc(0))) {
        if (assignment.stopped) return;
        await this.handler(message);
      }
    } else if (!moved && answer.code !== ResponseCode.PULL_NOT_FOUND) {
      throw new ClientError('REQUEST_FAILED', `pull answered code ${answer.code}: ${answer.remark ?? ''}`);
    }
    assignment.next = brokerHeaders.PullMessageResponse.decode(answer.extFields).nextBeginOffset;
  }

  private async storedOffset(address: string, queueId: number): Promise<number> {
    const { topic, group: consumerGroup, from = 'first' } = this.options;
    const header = brokerHeaders.QueryConsumerOffsetRequest.encode({
      consumerGroup,
      topic,
      queueId,
      setZeroIfNotFound: undefined,
    });
    const answer = await this.client.invoke(address, { code: RequestCode.QUERY_CONSUMER_OFFSET, header }, 1000);
    if (answer.code === ResponseCode.SUCCESS) return brokerHeaders.OffsetResponse.decode(answer.extFields).offset;
    if (answer.code !== ResponseCode.QUERY_NOT_FOUND)
      throw new ClientError('REQUEST_FAILED', `offset query answered code ${answer.code}`);
    const code = from === 'first' ? RequestCode.GET_MIN_OFFSET : RequestCode.GET_MAX_OFFSET;
    const bound = await this.client.invoke(
      address,
      { code, header: brokerHeaders.QueueRequest.encode({ topic, queueId }) },
      1000,
    );
    return brokerHeaders.OffsetResponse.decode(bound.extFields).offset;
  }
}

/** `brokerName@queueId` of every readable queue, in the order all members of a group agree on. */
function queuesOf(route: TopicRoute): string[] {
  return [...route.queues]
    .filter((queue) => (queue.perm & 4) !== 0)
    .sort((a, b) => (a.brokerName < b.brokerName ? -1 : 1))
    .flatMap((queue) => Array.from({ length: queue.readQueueNums }, (_, queueId) => `${queue.brokerName}@${queueId}`));
}
