import {
  textOf,
  type Cancel,
  type Connection,
  type Host,
  type Lifecycle,
  type Listener,
  type TlsServerOptions,
} from '@batonmq/host';
import { RemotingError } from './errors';
import { RemotingPeer, type Peer, type PeerOptions } from './peer';
import { RequestRouter, type RequestHandler } from './router';

/** Takes over connections that do not speak the remoting protocol, told by their first bytes. */
export interface Interceptor {
  /** Called with what has arrived so far, until it decides. */
  wants(firstBytes: Buffer): 'yes' | 'no' | 'need-more';
  /** The bytes seen are unread; the connection is the taker's now. */
  take(connection: Connection): void;
}

export interface RemotingServerOptions extends PeerOptions {
  readonly host?: string;
  /** 0 takes a free one. */
  readonly port: number;
  /** A connection without a byte in or out for so long is closed (serverChannelMaxIdleTimeSeconds). */
  readonly idleMs?: number;
  readonly tls?: TlsServerOptions;
  readonly interceptor?: Interceptor;
}

/** How long a stopped server waits for peers to take what was written to them. */
const LAST_ANSWERS_MS = 1000;

const stopped = (): Error => new RemotingError('CONNECTION_CLOSED', 'this server is stopped');

type ServerHost = Pick<Host, 'network' | 'clock' | 'timers' | 'log'>;

/** Listens for remoting connections and hands their requests to the router. A bad frame closes its connection only. */
export class RemotingServer implements Lifecycle {
  private readonly peers = new Map<number, RemotingPeer>();
  /** Connections that have not said enough, with the time when they came. */
  private readonly strangers = new Map<Connection, number>();
  private readonly closedListeners: ((peer: Peer) => void)[] = [];
  private readonly idleMs: number;
  private listener: Listener | undefined;
  private cancelSweep: Cancel = () => {};

  constructor(
    private readonly host: ServerHost,
    private readonly options: RemotingServerOptions,
    readonly router: RequestRouter = new RequestRouter(),
  ) {
    this.idleMs = options.idleMs ?? 120_000;
  }

  handle(code: number, handler: RequestHandler): void {
    this.router.handle(code, handler);
  }

  handleRest(handler: RequestHandler): void {
    this.router.handleRest(handler);
  }

  onPeerClosed(listener: (peer: Peer) => void): void {
    this.closedListeners.push(listener);
  }

  /** The port in use; the configured one before `start`. */
  get port(): number {
    return this.listener?.port ?? this.options.port;
  }

  get connectionCount(): number {
    return this.peers.size;
  }

  /** The open connection with this id. */
  peer(id: number): Peer | undefined {
    return this.peers.get(id);
  }

  async start(): Promise<void> {
    const { host, port, tls } = this.options;
    this.listener = await this.host.network.listen(
      { port, ...(host === undefined ? {} : { host }), ...(tls === undefined ? {} : { tls }) },
      (connection) => this.accept(connection),
    );
    const period = Math.max(1000, Math.min(this.idleMs / 4, 10_000));
    this.cancelSweep = this.host.timers.every(period, () => this.closeIdle());
  }

  async stop(): Promise<void> {
    this.cancelSweep();
    const { listener } = this;
    this.listener = undefined;
    for (const peer of [...this.peers.values()]) peer.close();
    for (const connection of [...this.strangers.keys()]) connection.destroy();
    // Peers that do not take their last answers may not keep the connections open.
    if (this.peers.size > 0) {
      this.host.timers.after(LAST_ANSWERS_MS, () => {
        for (const peer of [...this.peers.values()]) peer.close(stopped());
      });
    }
    await listener?.close();
  }

  private accept(connection: Connection): void {
    const { interceptor } = this.options;
    if (interceptor === undefined) this.serve(connection);
    else this.sniff(connection, interceptor);
  }

  private serve(connection: Connection): void {
    const peer = new RemotingPeer(this.host, connection, this.router, this.onClosed, this.options);
    this.peers.set(peer.id, peer);
    peer.open();
  }

  private sniff(connection: Connection, interceptor: Interceptor): void {
    let seen: Buffer = Buffer.alloc(0);
    this.strangers.set(connection, this.host.clock.monotonicMs());
    connection.receive({
      data: (bytes) => {
        seen = Buffer.concat([seen, bytes]);
        const verdict = interceptor.wants(seen);
        if (verdict === 'need-more') return;
        this.strangers.delete(connection);
        connection.unread(seen);
        if (verdict === 'yes') interceptor.take(connection);
        else this.serve(connection);
      },
      close: () => this.strangers.delete(connection),
    });
  }

  private readonly onClosed = (peer: RemotingPeer, reason: Error | undefined): void => {
    this.peers.delete(peer.id);
    if (reason !== undefined) this.host.log.info({ peer: peer.remote, reason: reason.message }, 'connection closed');
    for (const listener of this.closedListeners) this.tell(listener, peer);
  };

  private tell(listener: (peer: Peer) => void, peer: Peer): void {
    try {
      listener(peer);
    } catch (error) {
      this.host.log.error({ peer: peer.remote, error: textOf(error) }, 'a listener for closed connections failed');
    }
  }

  private closeIdle(): void {
    const limit = this.host.clock.monotonicMs() - this.idleMs;
    const idle = (): Error => new RemotingError('CONNECTION_CLOSED', `idle for ${this.idleMs} ms`);
    for (const peer of [...this.peers.values()]) if (peer.lastActiveMs < limit) peer.close(idle());
    for (const [connection, sinceMs] of [...this.strangers]) if (sinceMs < limit) connection.destroy(idle());
  }
}
