import {
  textOf,
  type Connection,
  type Host,
  type Listener,
  type TlsClientOptions,
  type TlsServerOptions,
} from '@batonmq/host';
import { RSocketConnector, RSocketServer, type Frame, type RSocket } from '@rsocket/core';
import type { Message } from '../core/message';
import type { NodeId } from '../core/types';
import { RaftError } from '../errors';
import { decodeBatch, decodeHello, encodeHello } from '../proto/codec';
import { helloTo, judgeHello } from './handshake';
import type { Channel, PeerLink } from './peer-link';
import { PeerLinks } from './peer-links';
import { RSocketChannel } from './rsocket-channel';
import { RSocketConnection, type Mux } from './rsocket-connection';
import { SnapshotOutlet, subscribeToSnapshots } from './snapshot-stream';
import { addressOf, type Peer, type RaftTransport, type TransportIdentity, type TransportReceiver } from './transport';

export interface RSocketTransportOptions {
  /** Listens by itself. Without, connections come through `accept`, from whoever owns the port. */
  readonly listen?: { readonly host?: string; readonly port: number; readonly tls?: TlsServerOptions };
  readonly tls?: TlsClientOptions;
  /** 1000: to connect, to be answered, and for who connects to say who it is. */
  readonly connectTimeoutMs?: number;
  readonly keepAliveMs?: number;
  /** Without a keepalive for this long a connection is dead. Longer than any pause of the event loop. */
  readonly lifetimeMs?: number;
}

const DEFAULTS = { connectTimeoutMs: 1000, keepAliveMs: 500, lifetimeMs: 5000 };
const NOTHING = Buffer.alloc(0);
const MIME = 'application/x-protobuf';

type Acceptor = {
  readonly setUp: (first: Frame, c: RSocketConnection) => Promise<void>;
  readonly makeMux: (first: Frame, c: RSocketConnection) => Mux | undefined;
};

/**
 * Raft over RSocket on TCP. Each node connects to every peer to send; its Hello is the data of the SETUP frame, the
 * answer to a first, empty request is the peer's, who at the same time asks for the stream of snapshot chunks. Batches go
 * as fire-and-forget requests.
 */
export class RSocketTransport implements RaftTransport {
  private links: PeerLinks | undefined;
  private readonly incoming = new Set<RSocketConnection>();
  private readonly options: typeof DEFAULTS & RSocketTransportOptions;
  private identity: TransportIdentity | undefined;
  private receiver: TransportReceiver | undefined;
  private acceptor: Acceptor | undefined;
  private listener: Listener | undefined;

  constructor(
    private readonly host: Pick<Host, 'network' | 'timers' | 'random' | 'log'>,
    options: RSocketTransportOptions = {},
  ) {
    this.options = { ...DEFAULTS, ...options };
  }

  async start(identity: TransportIdentity, receiver: TransportReceiver): Promise<void> {
    this.identity = identity;
    this.receiver = receiver;
    await this.bind();
    const { listen } = this.options;
    if (listen !== undefined) this.listener = await this.host.network.listen(listen, (c) => this.accept(c));
    identity.peers.forEach(addressOf); // refuses what makes no sense
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

  /** The port it listens on by itself, after start. */
  get port(): number {
    return this.listener?.port ?? 0;
  }

  send(to: NodeId, message: Message): void {
    this.links?.get(to)?.send(message);
  }

  /**
   * Takes over a connection whose first bytes are an RSocket SETUP (see looksLikeRSocket); bytes that were looked at are
   * `unread`. Before start and after stop it is closed.
   */
  accept(connection: Connection): void {
    const { acceptor } = this;
    if (acceptor === undefined) return connection.destroy();
    const duplex = new RSocketConnection(connection);
    this.incoming.add(duplex);
    const cancel = this.host.timers.after(this.options.connectTimeoutMs, () => duplex.destroy());
    duplex.onClose(() => {
      cancel();
      this.incoming.delete(duplex);
    });
    duplex.accept(
      (first) => acceptor.makeMux(first, duplex),
      (first) => {
        cancel();
        return acceptor.setUp(first, duplex);
      },
    );
  }

  async stop(): Promise<void> {
    this.receiver = undefined;
    this.acceptor = undefined;
    this.links?.stop();
    for (const connection of [...this.incoming]) connection.destroy();
    const { listener } = this;
    this.listener = undefined;
    await listener?.close();
  }

  /** RSocketServer only gives away its acceptor through a transport that binds: this one remembers it. */
  private async bind(): Promise<void> {
    const server = new RSocketServer({
      acceptor: { accept: async (setup, remote) => this.welcome(setup.data, remote) },
      transport: {
        bind: async (setUp, makeMux) => {
          this.acceptor = { setUp, makeMux };
          return { close: () => {}, onClose: () => {} };
        },
      },
    });
    await server.bind();
  }

  private welcome(data: Buffer | null | undefined, remote: RSocket): Partial<RSocket> {
    const { identity } = this;
    if (identity === undefined) throw new RaftError('STOPPED', 'stopped');
    const hello = decodeHello(data ?? NOTHING);
    const verdict = judgeHello(identity, hello);
    if (!verdict.accepted) {
      this.host.log.warn({ because: verdict.because }, 'refused a raft peer');
      throw new RaftError('PROTOCOL', verdict.because);
    }
    const { stranger } = verdict;
    if (stranger !== undefined) this.links?.admit({ id: verdict.peer, ...stranger }, stranger.peersIndex);
    this.links?.get(verdict.peer)?.peerIsThere();
    const take = taker((bytes) => this.take(verdict.peer, bytes), remote);
    return {
      requestResponse: responder(() => {
        subscribeToSnapshots(remote, take);
        return encodeHello(helloTo(identity, verdict.peer));
      }),
      fireAndForget: (payload) => {
        take(payload.data ?? NOTHING);
        return NO_CANCEL;
      },
    };
  }

  private take(from: NodeId, bytes: Buffer): void {
    for (const message of decodeBatch(bytes)) this.receiver?.message(from, message);
  }

  private async connect(peer: Peer, link: PeerLink): Promise<Channel> {
    const { keepAliveMs: keepAlive, lifetimeMs: lifetime, connectTimeoutMs: timeoutMs, tls } = this.options;
    const connection = await this.host.network.connect({ ...addressOf(peer), timeoutMs, tls });
    const { identity } = this;
    if (identity === undefined) throw new RaftError('STOPPED', 'not started');
    const duplex = new RSocketConnection(connection);
    const snapshots = new SnapshotOutlet();
    const connector = new RSocketConnector({
      responder: { requestStream: snapshots.requestStream },
      setup: { payload: { data: encodeHello(helloTo(identity, peer.id)) }, keepAlive, lifetime, dataMimeType: MIME },
      transport: {
        connect: async (makeMux) => {
          duplex.open(makeMux(duplex) as Mux, () => link.flush());
          return duplex;
        },
      },
    });
    const socket = await connector.connect();
    const channel = new RSocketChannel(socket, duplex, snapshots);
    let lastError: Error | undefined;
    duplex.onClose((reason) => {
      lastError = reason;
      link.lost(channel, reason === undefined ? 'closed' : textOf(reason));
    });
    try {
      const verdict = judgeHello(this.identity ?? identity, decodeHello(await this.greet(socket, timeoutMs)));
      if (!verdict.accepted) throw new RaftError('PROTOCOL', verdict.because);
      if (verdict.peer !== peer.id)
        throw new RaftError('PROTOCOL', `found ${verdict.peer} at the address of ${peer.id}`);
      return channel;
    } catch (error) {
      duplex.close();
      throw lastError ?? error;
    }
  }

  /** An empty request, answered by the peer's Hello. */
  private greet(socket: RSocket, timeoutMs: number): Promise<Buffer> {
    return new Promise((resolve, reject) => {
      const request = socket.requestResponse(
        { data: NOTHING },
        {
          onNext: (payload) => {
            cancel();
            resolve(Buffer.from(payload.data ?? NOTHING));
          },
          onError: (error) => {
            cancel();
            reject(error);
          },
          onComplete: () => {},
          onExtension: () => {},
        },
      );
      const cancel = this.host.timers.after(timeoutMs, () => {
        request.cancel();
        reject(new RaftError('TIMEOUT', `no answer to hello within ${timeoutMs} ms`));
      });
    });
  }
}

const NO_CANCEL = { cancel: () => {}, onExtension: () => {} };

/** @rsocket/core wants synchronous handlers that return an object and do not throw: this is the one place. */
function responder(answer: () => Buffer): RSocket['requestResponse'] {
  return (_, stream) => {
    stream.onNext({ data: answer() }, true);
    return NO_CANCEL;
  };
}

/** Who sends what we do not understand must not go on. */
function taker(take: (bytes: Buffer) => void, remote: RSocket): (bytes: Buffer) => void {
  return (bytes) => {
    try {
      take(bytes);
    } catch (error) {
      remote.close(error as Error);
    }
  };
}
