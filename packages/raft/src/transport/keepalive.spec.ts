import { connect, createServer, type Server, type Socket } from 'node:net';
import { nodeHost, silentLog, type Logger } from '@batonmq/host';
import type { Message } from '../core/message';
import { eventually, freePorts } from '../../test/cluster';
import { RSocketTransport } from './rsocket';
import type { Peer } from './transport';

const local = '127.0.0.1';
const heartbeat = (round: number): Message => ({ kind: 'heartbeat', term: 1, commitIndex: 1, round });

/** Between two nodes: passes bytes on, until it is told to swallow them. Nobody is told that a connection is dead then. */
class Wire {
  connections = 0;
  /** Pieces passed on. */
  passed = 0;
  private swallowing = false;
  private readonly sockets = new Set<Socket>();
  private readonly dead = new Set<Socket>();
  private readonly server: Server;

  constructor(port: number, to: number) {
    this.server = createServer((near) => {
      this.connections++;
      const far = connect(to, local);
      for (const [from, into] of [
        [near, far],
        [far, near],
      ] as const) {
        this.sockets.add(from);
        from.on('data', (bytes: Buffer) => {
          if (this.dead.has(near)) return;
          this.passed++;
          into.write(bytes);
        });
        from.on('error', () => {});
        from.on('close', () => {
          this.sockets.delete(from);
          if (!this.dead.has(near)) into.destroy();
        });
      }
      if (this.swallowing) this.dead.add(near);
    }).listen(port, local);
  }

  /** The connections there are, and those that come while it is on. */
  swallow(on: boolean): void {
    this.swallowing = on;
    if (on) for (const socket of this.sockets) this.dead.add(socket);
  }

  close(): Promise<void> {
    for (const socket of this.sockets) socket.destroy();
    return new Promise((resolve) => this.server.close(() => resolve()));
  }
}

it('a connection without a sign of life is given up, and another is made once the network is back', async () => {
  const host = nodeHost(silentLog);
  const [atA = 0, atB = 0, between = 0] = await freePorts(3);
  const reasons: string[] = [];
  const log: Logger = { ...silentLog, warn: (fields) => void reasons.push(String(fields['reason'])) };
  const timing = { keepAliveMs: 50, lifetimeMs: 1500, connectTimeoutMs: 1000 };
  const a = new RSocketTransport({ ...host, log }, { ...timing, listen: { host: local, port: atA } });
  const b = new RSocketTransport(host, { ...timing, listen: { host: local, port: atB } });
  const wire = new Wire(between, atB);
  const peers = (ofB: number): Peer[] => [
    { id: 'a', address: `${local}:${atA}` },
    { id: 'b', address: `${local}:${ofB}` },
  ];
  const got: Message[] = [];
  const dropped: string[] = [];
  await b.start(
    { group: 'g', id: 'b', peers: peers(atB) },
    { message: (_, message) => void got.push(message), unreachable: () => {} },
  );
  await a.start(
    { group: 'g', id: 'a', peers: peers(between) },
    { message: () => {}, unreachable: (peer) => void dropped.push(peer) },
  );
  try {
    a.send('b', heartbeat(1));
    await eventually('it arrives', () => got.length === 1);
    // More than a lifetime, in which nothing is said but keepalives, there and back.
    const lifetime = wire.passed + (2 * 1.5 * timing.lifetimeMs) / timing.keepAliveMs;
    await eventually('keepalives have passed for longer than a lifetime', () => wire.passed > lifetime);
    expect(dropped).toEqual([]);
    expect(wire.connections).toBe(1);

    wire.swallow(true);
    await eventually('the dead connection is given up', () => dropped.includes('b'));
    expect(reasons).toEqual([expect.stringMatching(/keep-?alive/i)]);

    wire.swallow(false);
    await eventually('another connection carries messages', () => {
      if (got.length === 1) a.send('b', heartbeat(2));
      return got.length > 1;
    });
    expect(got.at(-1)).toEqual(heartbeat(2));
  } finally {
    await Promise.all([a.stop(), b.stop(), wire.close()]);
  }
});
