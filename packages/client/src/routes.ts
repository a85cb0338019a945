import { RequestCode, ResponseCode, readJson, type RemotingCommand } from '@batonmq/remoting';
import { ClientError } from './errors';
import { succeeded, type NameServers } from './name-servers';

export interface BrokerRoute {
  readonly brokerName: string;
  /** By broker id; 0 is the master. */
  readonly addresses: ReadonlyMap<number, string>;
}

export interface QueueRoute {
  readonly brokerName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
}

export interface TopicRoute {
  readonly brokers: ReadonlyMap<string, BrokerRoute>;
  readonly queues: readonly QueueRoute[];
}

const TIMEOUT_MS = 2000;

/** Where topics are, as the name servers say; kept until somebody finds it wrong. */
export class Routes {
  private readonly known = new Map<string, TopicRoute>();
  private readonly asking = new Map<string, Promise<TopicRoute>>();

  constructor(private readonly nameServers: NameServers) {}

  /** @throws ClientError NO_ROUTE, NO_NAME_SERVER */
  async of(topic: string): Promise<TopicRoute> {
    return this.known.get(topic) ?? this.refresh(topic);
  }

  /** Asks anew; calls for the same topic at the same time share one question. */
  refresh(topic: string): Promise<TopicRoute> {
    const running = this.asking.get(topic);
    if (running !== undefined) return running;
    const question = this.ask(topic).finally(() => this.asking.delete(topic));
    this.asking.set(topic, question);
    return question;
  }

  private async ask(topic: string): Promise<TopicRoute> {
    const request = { code: RequestCode.GET_ROUTEINFO_BY_TOPIC, header: { topic, acceptStandardJsonOnly: 'true' } };
    const answer = await this.nameServers.ask(request, TIMEOUT_MS);
    if (answer.code === ResponseCode.TOPIC_NOT_EXIST)
      throw new ClientError('NO_ROUTE', `no name server knows the topic ${topic}`);
    const route = readRoute(succeeded(answer, `the route of ${topic}`));
    this.known.set(topic, route);
    return route;
  }
}

function readRoute(answer: RemotingCommand): TopicRoute {
  const body = (answer.body === undefined ? {} : readJson(answer.body)) as {
    brokerDatas?: { brokerName: string; brokerAddrs: Record<string, string> }[];
    queueDatas?: QueueRoute[];
  };
  const brokers = (body.brokerDatas ?? []).map(({ brokerName, brokerAddrs }): [string, BrokerRoute] => [
    brokerName,
    { brokerName, addresses: new Map(Object.entries(brokerAddrs).map(([id, address]) => [Number(id), address])) },
  ]);
  return { brokers: new Map(brokers), queues: body.queueDatas ?? [] };
}
