import { textOf, type Connection, type Host, type Listener } from '@batonmq/host';
import type { Message } from '../core/message';
import type { NodeId } from '../core/types';
import { RaftError } from '../errors';
import { decodeBatch, decodeHello, encodeBatch, encodeHello } from '../proto/codec';
import { FrameSlicer, MAX_FRAME_BYTES, frameHeader } from './frames';
import { helloTo, judgeHello } from './handshake';
import type { Channel, PeerLink } from './peer-link';
import { PeerLinks } from './peer-links';
import {
  addressOf,
  selfOf,
  type Peer,
  type RaftTransport,
  type TransportIdentity,
  type TransportReceiver,
} from './transport';

export interface FramedTransportOptions {
  /** Where to listen; by default the port of this node's own address among the peers, on all interfaces. */
  readonly listen?: { readonly host?: string; readonly port: number };
  readonly connectTimeoutMs?: number;
}

const CONNECT_TIMEOUT_MS = 1000;
const MAX_BUFFERED_BYTES = 8 << 20;

/**
 * Length-prefixed protobuf over plain connections on a port of its own: | length u32 | body |, a Hello first from both
 * sides, then Batches from the side that connected. Used by the simulated world.
 */
export class FramedTransport implements RaftTransport {
  private links: PeerLinks | undefined;
  private readonly incoming = new Set<Connection>();
  private listener: Listener | undefined;
  private identity: TransportIdentity | undefined;
  private receiver: TransportReceiver | undefined;

  constructor(
    private readonly host: Pick<Host, 'network' | 'timers' | 'random' | 'log'>,
    private readonly options: FramedTransportOptions = {},
  ) {}

  async start(identity: TransportIdentity, receiver: TransportReceiver): Promise<void> {
    this.identity = identity;
    this.receiver = receiver;
    const listen = this.options.listen ?? { port: addressOf(selfOf(identity)).port };
    this.listener = await this.host.network.listen(listen, (connection) => this.accept(connection));
    const connect = (peer: Peer, link: PeerLink): Promise<Channel> => this.connect(peer, link);
    this.links = new PeerLinks(this.host, connect, (peer) => this.receiver?.unreachable(peer));
    this.setPeers(identity.peers, 0, 0);
  }

  setPeers(peers: readonly Peer[], peersIndex: number, settledIndex: number): void {
    if (this.identity === undefined || this.receiver === undefined) return;
    this.identity = { ...this.identity, peers, peersIndex, settledIndex };
    const { id } = this.identity;
    this.links?.set(
      peers.filter((peer) => peer.id !== id),
      settledIndex,
    );
  }

  /** The port it listens on, after start. */
  get port(): number {
    return this.listener?.port ?? 0;
  }

  send(to: NodeId, message: Message): void {
    this.links?.get(to)?.send(message);
  }

  async stop(): Promise<void> {
    this.receiver = undefined;
    this.links?.stop();
    for (const connection of this.incoming) connection.destroy();
    this.incoming.clear();
    const { listener } = this;
    this.listener = undefined;
    await listener?.close();
  }

  private async connect(peer: Peer, link: PeerLink): Promise<Channel> {
    const { host, port } = addressOf(peer);
    const timeoutMs = this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const connection = await this.host.network.connect({ host, port, timeoutMs });
    const { identity } = this;
    if (identity === undefined) throw new RaftError('STOPPED', 'not started');
    writeFrame(connection, encodeHello(helloTo(identity, peer.id)));
    return new Promise((resolve, reject) => {
      const cancel = this.host.timers.after(timeoutMs, () => connection.destroy(new Error('no answer to hello')));
      const channel = new FramedChannel(connection);
      const slicer = new FrameSlicer(4, MAX_FRAME_BYTES, (frame) => {
        const verdict = judgeHello(this.identity ?? identity, decodeHello(frame));
        cancel();
        if (verdict.accepted) return resolve(channel);
        reject(new RaftError('PROTOCOL', verdict.because));
        connection.destroy();
      });
      connection.receive({
        data: (bytes) => slicer.push(bytes),
        drain: () => link.flush(),
        close: (reason) => {
          cancel();
          const text = reason === undefined ? 'closed by the peer' : textOf(reason);
          reject(new RaftError('PROTOCOL', text));
          link.lost(channel, text);
        },
      });
    });
  }

  private accept(connection: Connection): void {
    if (this.identity === undefined) return connection.destroy();
    this.incoming.add(connection);
    const timeoutMs = this.options.connectTimeoutMs ?? CONNECT_TIMEOUT_MS;
    const cancel = this.host.timers.after(timeoutMs, () => connection.destroy(new Error('no hello')));
    let peer: NodeId | undefined;
    const slicer = new FrameSlicer(4, MAX_FRAME_BYTES, (frame) => {
      if (peer !== undefined) return this.deliver(peer, frame);
      cancel();
      const { identity } = this;
      if (identity === undefined) return connection.destroy();
      const hello = decodeHello(frame);
      const verdict = judgeHello(identity, hello);
      const refusal = verdict.accepted ? '' : verdict.because;
      writeFrame(connection, encodeHello(helloTo(identity, hello.from, refusal)));
      if (!verdict.accepted) return this.refuse(connection, verdict.because);
      peer = verdict.peer;
      const { stranger } = verdict;
      if (stranger !== undefined) this.links?.admit({ id: peer, ...stranger }, stranger.peersIndex);
      this.links?.get(peer)?.peerIsThere();
    });
    connection.receive({
      data: (bytes) => slicer.push(bytes),
      close: () => {
        cancel();
        this.incoming.delete(connection);
      },
    });
  }

  private refuse(connection: Connection, because: string): void {
    this.host.log.warn({ remote: connection.remote, because }, 'refused a raft peer');
    connection.end();
  }

  private deliver(from: NodeId, frame: Buffer): void {
    for (const message of decodeBatch(frame)) this.receiver?.message(from, message);
  }
}

class FramedChannel implements Channel {
  constructor(private readonly connection: Connection) {}

  get ready(): boolean {
    return this.connection.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  get closed(): boolean {
    return this.connection.closed;
  }

  send(messages: readonly Message[]): void {
    writeFrame(this.connection, encodeBatch(messages));
  }

  close(): void {
    this.connection.end();
  }
}

function writeFrame(connection: Connection, body: Buffer): void {
  connection.write(frameHeader(body.length));
  connection.write(body);
}
