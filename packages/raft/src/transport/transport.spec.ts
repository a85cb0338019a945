import { connect } from 'node:net';
import { nodeHost, silentLog, type Connection, type Host, type Listener, type Logger } from '@batonmq/host';
import type { Message } from '../core/message';
import { eventually, freePorts } from '../../test/cluster';
import { FramedTransport } from './framed';
import { looksLikeRSocket } from './looks-like-rsocket';
import { RSocketTransport } from './rsocket';
import type { Peer, RaftTransport } from './transport';

const host: Host = nodeHost(silentLog);
const local = '127.0.0.1';

type Make = (host: Host, port: number) => RaftTransport;
const framed: Make = (on, port) => new FramedTransport(on, { listen: { host: local, port } });
const rsocket: Make = (on, port) => new RSocketTransport(on, { listen: { host: local, port } });

const heartbeat = (round: number): Message => ({ kind: 'heartbeat', term: 2 ** 40, commitIndex: 2 ** 33 + 1, round });

/** Jest takes a minute to compare megabytes one by one. */
function brief(letter: [string, Message]): string {
  return JSON.stringify(letter, (_, value: unknown) => {
    const bytes = value as { type?: string; data?: number[] } | undefined;
    return bytes?.type === 'Buffer'
      ? `${bytes.data?.length} B, crc ${host.checksums.crc32(Buffer.from(bytes.data ?? []))}`
      : value;
  });
}

interface End {
  readonly transport: RaftTransport;
  readonly got: [string, Message][];
  readonly dropped: string[];
  readonly warnings: string[];
}

describe.each([
  ['FramedTransport', framed],
  ['RSocketTransport', rsocket],
])('%s', (_, make) => {
  const ends: End[] = [];
  afterEach(async () => {
    await Promise.all(ends.splice(0).map(({ transport }) => transport.stop()));
  });

  async function end(id: string, group: string, peers: readonly Peer[]): Promise<End> {
    const warnings: string[] = [];
    const log: Logger = {
      ...silentLog,
      warn: (fields, text) => void warnings.push(`${text}: ${String(fields['because'] ?? fields['reason'])}`),
    };
    const port = Number(peers.find((peer) => peer.id === id)?.address.split(':')[1]);
    const one: End = { transport: make({ ...host, log }, port), got: [], dropped: [], warnings };
    ends.push(one);
    await one.transport.start(
      { group, id, peers },
      {
        message: (from, message) => void one.got.push([from, message]),
        unreachable: (peer) => void one.dropped.push(peer),
      },
    );
    return one;
  }

  async function peersOf(...ids: string[]): Promise<Peer[]> {
    const ports = await freePorts(ids.length);
    return ids.map((id, i) => ({ id, address: `${local}:${ports[i]}` }));
  }

  it('carries every kind of message, whole and in order', async () => {
    const peers = await peersOf('a', 'b');
    const [a, b] = [await end('a', 'g', peers), await end('b', 'g', peers)];
    const entry = (index: number, bytes: number) => ({
      index,
      term: 3,
      kind: 'data' as const,
      data: Buffer.alloc(bytes, index),
    });
    const messages: Message[] = [
      { kind: 'vote', term: 3, pre: true, lastIndex: 5, lastTerm: 2, transfer: false },
      { kind: 'vote-response', term: 3, pre: false, granted: true },
      {
        kind: 'append',
        term: 3,
        prevIndex: 5,
        prevTerm: 2,
        entries: [entry(6, 0), entry(7, 3 << 20), { ...entry(8, 0), kind: 'noop' }],
        commitIndex: 4,
      },
      { kind: 'append-response', term: 3, accepted: false, index: 5, hintIndex: 4, hintTerm: 1 },
      heartbeat(9),
      { kind: 'heartbeat-response', term: 3, round: 9 },
      { kind: 'snapshot', term: 3, index: 5, snapshotTerm: 2, offset: 7, totalBytes: 100, data: Buffer.from('xyz') },
      { kind: 'snapshot-response', term: 3, index: 5, offset: 10, installed: true },
      { kind: 'timeout-now', term: 3 },
    ];
    for (const message of messages) a.transport.send('b', message);
    await eventually('all arrive', () => b.got.length === messages.length);
    expect(b.got.map(brief)).toEqual(messages.map((message) => brief(['a', message])));
  });

  it('connects again when the peer comes back', async () => {
    const peers = await peersOf('a', 'b');
    const a = await end('a', 'g', peers);
    a.transport.send('b', heartbeat(1));
    await eventually('b is not there', () => a.dropped.includes('b'));
    const first = await end('b', 'g', peers);
    const resend = async (to: End): Promise<void> =>
      eventually('it arrives', () => {
        if (to.got.length === 0) a.transport.send('b', heartbeat(2));
        return to.got.length > 0;
      });
    await resend(first);
    await first.transport.stop();
    await resend(await end('b', 'g', peers));
  });

  it.each([
    ['of another group', 'other', ['a', 'b'], /is of group other, not g/],
    ['whom it does not know', 'g', ['c', 'b'], /node c is not a member of group g/],
  ])('refuses a peer %s, and both say so', async (_name, group, [id = '', to = ''], why) => {
    const peers = await peersOf('a', 'b', 'c');
    const b = await end('b', 'g', peers.slice(0, 2));
    const stranger = await end(id, group, peers);
    stranger.transport.send(to, heartbeat(1));
    await eventually('b says so', () => b.warnings.some((text) => why.test(text)));
    await eventually('the stranger says so', () => stranger.warnings.some((text) => why.test(text)));
    expect(b.got).toEqual([]);
  });

  it('closes on garbage and goes on', async () => {
    const peers = await peersOf('a', 'b');
    const [a, b] = [await end('a', 'g', peers), await end('b', 'g', peers)];
    const port = Number((peers[1] as Peer).address.split(':')[1]);
    const closed = await new Promise((resolve) => {
      const socket = connect(port, local, () => socket.write(Buffer.alloc(64, 0x7f)));
      socket.on('error', () => {});
      socket.on('close', () => resolve(true));
    });
    expect(closed).toBe(true);
    a.transport.send('b', heartbeat(1));
    await eventually('it arrives', () => b.got.length === 1);
  });
});

describe('RSocketTransport on a port of somebody else', () => {
  it('takes over connections that were looked at', async () => {
    const [port = 0, other = 0] = await freePorts(2);
    const peers = [
      { id: 'a', address: `${local}:${other}` },
      { id: 'b', address: `${local}:${port}` },
    ];
    const got: Message[] = [];
    const b = new RSocketTransport(host);
    await b.start({ group: 'g', id: 'b', peers }, { message: (_, m) => void got.push(m), unreachable: () => {} });
    const verdicts: string[] = [];
    const listener: Listener = await host.network.listen({ host: local, port }, (connection: Connection) => {
      let first = Buffer.alloc(0);
      connection.receive({
        data: (bytes) => {
          first = Buffer.concat([first, bytes]);
          const verdict = looksLikeRSocket(first);
          verdicts.push(verdict);
          if (verdict !== 'rsocket') return;
          connection.unread(first);
          b.accept(connection);
        },
        close: () => {},
      });
    });
    const a = new RSocketTransport(host);
    await a.start({ group: 'g', id: 'a', peers }, { message: () => {}, unreachable: () => {} });
    for (let round = 1; round <= 500; round++) a.send('b', heartbeat(round));
    await eventually('all arrive', () => got.length === 500);
    expect(verdicts).toEqual(['rsocket']);
    await Promise.all([a.stop(), b.stop(), listener.close()]);
  });

  it('tells RSocket from remoting by nine bytes', () => {
    const setup = Buffer.from([0, 0, 60, 0, 0, 0, 0, 0x04, 0x00, 0x00]);
    expect(looksLikeRSocket(setup)).toBe('rsocket');
    for (let length = 0; length < 9; length++) expect(looksLikeRSocket(setup.subarray(0, length))).toBe('need-more');
    expect(looksLikeRSocket(Buffer.from([0, 0, 60, 0, 0, 0, 0, 0x34, 0x00]))).toBe('rsocket');
    // A remoting frame of 256 bytes with a JSON header of 4 to 7: only the ninth byte differs.
    for (const headerLength of [4, 5, 6, 7, 52, 55, 200]) {
      expect(looksLikeRSocket(Buffer.from([0, 0, 1, 0, 0, 0, 0, headerLength, 0x7b]))).toBe('other');
    }
    expect(looksLikeRSocket(Buffer.from('GET / HTTP/1.1'))).toBe('other');
    expect(looksLikeRSocket(Buffer.from([0, 0, 1, 9]))).toBe('other');
  });
});
