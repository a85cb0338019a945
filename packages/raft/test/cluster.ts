import { createServer, type AddressInfo } from 'node:net';
import { nodeHost, silentLog, type Host } from '@batonmq/host';
import { RaftNode, type Peer, type RaftNodeOptions, type RaftStorage, type RaftTransport } from '../src/index';
import { Journal } from './journal';

export const host: Host = nodeHost(silentLog);

/** Resolves when `condition` holds. Fails after `limitMs`, with what was waited for. */
export async function eventually(what: string, condition: () => boolean, limitMs = 15_000): Promise<void> {
  const end = host.clock.monotonicMs() + limitMs;
  while (!condition()) {
    if (host.clock.monotonicMs() > end) throw new Error(`not within ${limitMs} ms: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer());
  const ports = await Promise.all(
    servers.map(
      (server) =>
        new Promise<number>((resolve) =>
          server.listen(0, '127.0.0.1', () => resolve((server.address() as AddressInfo).port)),
        ),
    ),
  );
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

export interface Member {
  readonly id: string;
  node: RaftNode;
  journal: Journal;
}

export interface Parts {
  readonly storage: (id: string) => RaftStorage;
  readonly transport: (port: number) => RaftTransport;
  readonly options?: Partial<RaftNodeOptions>;
}

/** A real group in this process. */
export class Cluster {
  readonly members: Member[] = [];

  private constructor(
    private readonly parts: Parts,
    private readonly ports: readonly number[],
  ) {}

  /** @param present which of `size` members are started; all by default */
  static async start(
    size: number,
    parts: Parts,
    present = Array.from({ length: size }, (_, i) => i),
  ): Promise<Cluster> {
    const cluster = new Cluster(parts, await freePorts(size));
    for (const i of present) cluster.members.push(cluster.make(i));
    await Promise.all(cluster.members.map(({ node }) => node.start()));
    return cluster;
  }

  private make(i: number): Member {
    const peers: Peer[] = this.ports.map((port, n) => ({ id: `n${n}`, address: `127.0.0.1:${port}` }));
    const journal = new Journal();
    const id = `n${i}`;
    const node = new RaftNode({
      host,
      id,
      group: 'test',
      peers,
      storage: this.parts.storage(id),
      transport: this.parts.transport(this.ports[i] as number),
      machine: journal,
      electionTimeoutMs: 300,
      heartbeatMs: 50,
      ...this.parts.options,
    });
    return { id, node, journal };
  }

  get leader(): Member | undefined {
    return this.members.find(({ node }) => node.status().ready);
  }

  async whenLed(): Promise<Member> {
    await eventually('a ready leader', () => this.leader !== undefined);
    return this.leader as Member;
  }

  /** By whoever leads, as often as it takes: it may be put into the log more than once. */
  async propose(data: Buffer): Promise<void> {
    for (;;) {
      const { node } = await this.whenLed();
      const done = await node.propose(data).then(
        () => true,
        () => false,
      );
      if (done) return;
    }
  }

  /** All have applied the same. */
  agree(): boolean {
    const [first, ...others] = this.members.map(({ journal }) => journal.lines);
    return others.every((lines) => lines.length === first?.length && lines.every((line, i) => line === first[i]));
  }

  /** A new process on the same storage. */
  async restart(member: Member): Promise<Member> {
    await member.node.stop();
    const i = this.members.indexOf(member);
    const fresh = this.make(i);
    this.members[i] = fresh;
    await fresh.node.start();
    return fresh;
  }

  async stop(): Promise<void> {
    await Promise.all(this.members.map(({ node }) => node.stop()));
  }
}
