import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { brokerConfig, readConfig, remotingServerConfig } from '@batonmq/config';
import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode, brokerHeaders, type RemotingCommand } from '@batonmq/remoting';
import { Broker } from '../src';

const PATIENCE_MS = 30_000;

/** A broker without a controller on free loopback ports, its directory, and a client that asks it. */
export class BrokerAtWork {
  readonly host = nodeHost(silentLog);
  readonly client = new RemotingClient(this.host);
  private readonly directory = mkdtempSync(`${tmpdir()}/broker-spec-`);
  private listenPort = 0;
  private broker: Broker | undefined;

  constructor(private readonly more: Readonly<Record<string, string>> = {}) {}

  async start(): Promise<void> {
    if (this.listenPort === 0) this.listenPort = await freePortPair();
    const properties = new Map([
      ['listenPort', String(this.listenPort)],
      ['bindAddress', '127.0.0.1'],
      ['brokerIP1', '127.0.0.1'],
      ['brokerName', 'broker-a'],
      ['storePathRootDir', this.directory],
      ['mappedFileSizeCommitLog', '4194304'],
      ['recallMessageEnable', 'true'],
      ...Object.entries(this.more),
    ]);
    const { values } = readConfig([brokerConfig, remotingServerConfig], properties, 'the spec');
    this.broker = new Broker(this.host, values);
    await this.broker.start();
  }

  async restart(): Promise<void> {
    await this.broker?.stop();
    await this.start();
  }

  async end(): Promise<void> {
    await this.client.stop();
    await this.broker?.stop();
    rmSync(this.directory, { recursive: true });
  }

  ask(code: number, header: Record<string, string | undefined> = {}, body?: Buffer): Promise<RemotingCommand> {
    return this.askPort(this.listenPort, code, header, body);
  }

  askFastPort(code: number, header: Record<string, string | undefined> = {}): Promise<RemotingCommand> {
    return this.askPort(this.listenPort - 2, code, header);
  }

  /** SEND_MESSAGE_V2, or SEND_BATCH_MESSAGE. */
  send(topic: string, body: Buffer | string, fields: Send = {}): Promise<RemotingCommand> {
    const { queueId = 0, properties = '', batch = false, reconsumeTimes = 0, maxReconsumeTimes } = fields;
    const header = brokerHeaders.SendMessageV2Request.encode({
      a: 'producers',
      b: topic,
      c: 'TBW102',
      d: 4,
      e: queueId,
      f: 0,
      g: this.host.clock.wallMs(),
      h: 0,
      i: properties,
      j: reconsumeTimes,
      k: false,
      l: maxReconsumeTimes,
      m: batch,
      n: undefined,
    });
    return this.ask(batch ? RequestCode.SEND_BATCH_MESSAGE : RequestCode.SEND_MESSAGE_V2, header, Buffer.from(body));
  }

  pull(topic: string, queueOffset: number, fields: Pull = {}): Promise<RemotingCommand> {
    const { group = 'readers', queueId = 0, subscription = '*', suspendMs = 0, commitOffset, asTold } = fields;
    const sysFlag = (asTold === undefined ? 4 : 0) | (suspendMs > 0 ? 2 : 0) | (commitOffset === undefined ? 0 : 1);
    const header = brokerHeaders.PullMessageRequest.encode({
      consumerGroup: group,
      topic,
      queueId,
      queueOffset,
      maxMsgNums: 32,
      sysFlag,
      commitOffset: commitOffset ?? 0,
      suspendTimeoutMillis: suspendMs,
      subscription: asTold === undefined ? subscription : undefined,
      subVersion: asTold?.subVersion ?? 0,
      expressionType: asTold?.expressionType ?? 'TAG',
      maxMsgBytes: undefined,
    });
    return this.ask(RequestCode.PULL_MESSAGE, header);
  }

  /** Asks again and again, with a deadline. */
  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    for (const end = performance.now() + PATIENCE_MS; !(await holds());) {
      if (performance.now() > end) throw new Error(`${what}: not within ${PATIENCE_MS} ms`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }

  /** Pulls until something is there: what is delivered later, such as delayed messages. */
  async pullSome(topic: string, queueOffset: number): Promise<RemotingCommand> {
    let answer: RemotingCommand | undefined;
    await this.until(`something in ${topic} from ${queueOffset} on`, async () => {
      answer = await this.pull(topic, queueOffset, { suspendMs: 500 });
      return answer.code === 0;
    });
    return answer as RemotingCommand;
  }

  private askPort(
    port: number,
    code: number,
    header: Record<string, string | undefined>,
    body?: Buffer,
  ): Promise<RemotingCommand> {
    const request = body === undefined ? { code, header } : { code, header, body };
    return this.client.invoke(`127.0.0.1:${port}`, request, PATIENCE_MS);
  }
}

interface Send {
  readonly queueId?: number;
  readonly properties?: string;
  readonly batch?: boolean;
  readonly reconsumeTimes?: number;
  readonly maxReconsumeTimes?: number;
}

interface Pull {
  readonly group?: string;
  readonly queueId?: number;
  readonly subscription?: string;
  readonly suspendMs?: number;
  readonly commitOffset?: number;
  /** Instead of `subscription`: the one of the last heartbeat counts. */
  readonly asTold?: { readonly subVersion: number; readonly expressionType?: string };
}

/** A body of SEND_BATCH_MESSAGE: per message size, magic, crc, flag, body, properties. */
export function clientBatch(bodies: readonly string[], properties: string): Buffer {
  return Buffer.concat(
    bodies.map((text) => {
      const [body, pairs] = [Buffer.from(text), Buffer.from(properties)];
      const head = Buffer.alloc(20);
      head.writeInt32BE(20 + body.length + 2 + pairs.length, 0);
      head.writeInt32BE(body.length, 16);
      const length = Buffer.alloc(2);
      length.writeInt16BE(pairs.length);
      return Buffer.concat([head, body, length, pairs]);
    }),
  );
}

/** A port that is free together with the one two below it. */
async function freePortPair(): Promise<number> {
  for (;;) {
    const first = await listen(0);
    const { port } = first.address() as { port: number };
    const second = await listen(port - 2).catch(() => undefined);
    await new Promise((resolve) => first.close(resolve));
    if (second === undefined) continue;
    await new Promise((resolve) => second.close(resolve));
    return port;
  }
}

const listen = (port: number): Promise<Server> =>
  new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(port, '127.0.0.1', () => resolve(server));
  });
