import { parseOffsetMessageId } from '@batonmq/broker-store';
import type { Broker } from '@batonmq/broker';
import type { Host } from '@batonmq/host';
import { RemotingClient, RequestCode, ResponseCode, brokerHeaders } from '@batonmq/remoting';
import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { SimulatedNode } from '../cluster/simulated-node';
import { bodyOf, type History } from '../history';

const REFUSED_PAUSE_MS = 60;
const TIMEOUT_MS = 1500;

/**
 * Sends to one broker for ever, whoever is master: the client that still has the old route, on the old master's side of
 * a partition. It is what finds a broker that goes on acknowledging after it was deposed.
 */
export class StubbornSender {
  private stopped = false;
  private readonly host: Host;
  private readonly client: RemotingClient;
  open = 0;

  constructor(
    private readonly cluster: SimulatedCluster,
    name: string,
    private readonly target: SimulatedNode<Broker>,
    private readonly history: History,
    private readonly options: { readonly topic: string; readonly queues: number; readonly pauseMs: number },
  ) {
    this.host = cluster.client(name);
    this.client = new RemotingClient(this.host);
  }

  start(): void {
    void this.run();
  }

  stop(): void {
    this.stopped = true;
  }

  private async run(): Promise<void> {
    while (!this.stopped) {
      this.open += 1;
      const accepted = await this.send(this.history.nextNumber()).catch(() => false);
      this.open -= 1;
      const pauseMs = accepted ? this.options.pauseMs : REFUSED_PAUSE_MS;
      await new Promise<void>((resolve) => void this.host.timers.after(pauseMs, resolve));
    }
  }

  private async send(number: number): Promise<boolean> {
    const { topic, queues } = this.options;
    const header = brokerHeaders.SendMessageV2Request.encode({
      a: 'STUBBORN',
      b: topic,
      c: 'TBW102',
      d: queues,
      e: number % queues,
      f: 0,
      g: this.host.clock.wallMs(),
      h: 0,
      i: '',
      j: 0,
      k: false,
      l: undefined,
      m: false,
      n: undefined,
    });
    const request = { code: RequestCode.SEND_MESSAGE_V2, header, body: bodyOf(number) };
    const answer = await this.client.invoke(this.target.address, request, TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS) return false;
    const { msgId, queueId, queueOffset } = brokerHeaders.SendMessageResponse.decode(answer.extFields);
    const { physicalOffset } = parseOffsetMessageId(msgId);
    const atMs = this.cluster.world.now();
    this.history.acknowledged.push({ number, queueId, queueOffset, physicalOffset, broker: this.target.name, atMs });
    return true;
  }
}
