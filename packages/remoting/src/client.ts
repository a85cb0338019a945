import { parseAddress, textOf, type Host, type TlsClientOptions } from '@batonmq/host';
import type { OutgoingRequest, RemotingCommand } from './command';
import { RemotingError } from './errors';
import { RemotingPeer, type PeerOptions } from './peer';
import { RequestRouter, type RequestHandler } from './router';

export interface RemotingClientOptions extends PeerOptions {
  readonly connectTimeoutMs?: number;
  readonly tls?: TlsClientOptions;
}

/** How long a stopped client waits for servers to take what was written to them. */
const LAST_REQUESTS_MS = 1000;

type ClientHost = Pick<Host, 'network' | 'clock' | 'timers' | 'log'>;

/** Requests to any number of addresses, over one connection each, opened when first needed and again after it was lost. */
export class RemotingClient {
  private readonly connections = new Map<string, Promise<RemotingPeer>>();
  private readonly opened = new Map<string, RemotingPeer>();
  private readonly router = new RequestRouter();
  private readonly lostListeners: ((address: string) => void)[] = [];
  private stopped = false;

  constructor(
    private readonly host: ClientHost,
    private readonly options: RemotingClientOptions = {},
  ) {}

  /** Requests that servers send to us over our connections. */
  handle(code: number, handler: RequestHandler): void {
    this.router.handle(code, handler);
  }

  /** Called when an established connection is gone. */
  onConnectionLost(listener: (address: string) => void): void {
    this.lostListeners.push(listener);
  }

  /**
   * @param timeoutMs for connecting and for the answer, each
   * @throws RemotingError CONNECT_FAILED, REQUEST_TIMEOUT, CONNECTION_CLOSED, BAD_ADDRESS
   */
  async invoke(address: string, request: OutgoingRequest, timeoutMs: number): Promise<RemotingCommand> {
    const open = this.opened.get(address);
    if (open !== undefined && !open.closed) return open.invoke(request, timeoutMs);
    const peer = await this.withDeadline(address, this.connect(address, timeoutMs), timeoutMs);
    return peer.invoke(request, timeoutMs);
  }

  /** Resolves when the request is handed to the connection; whether it arrives is not known. */
  async oneway(address: string, request: OutgoingRequest): Promise<void> {
    (await this.connect(address)).oneway(request);
  }

  /** Drops the connection to an address; its calls fail. */
  closeAddress(address: string): void {
    const peer = this.opened.get(address);
    if (peer === undefined) return;
    this.opened.delete(address);
    this.connections.delete(address);
    peer.close(new RemotingError('CONNECTION_CLOSED', 'closed by this side'));
  }

  isConnected(address: string): boolean {
    return this.opened.has(address);
  }

  async stop(): Promise<void> {
    if (this.stopped) return;
    this.stopped = true;
    const peers = [...this.opened.values()];
    for (const peer of peers) peer.close();
    this.connections.clear();
    // Servers that do not take the last requests may not keep the connections open.
    this.host.timers.after(LAST_REQUESTS_MS, () => {
      for (const peer of peers) peer.close(new RemotingError('CONNECTION_CLOSED', 'this client is stopped'));
    });
  }

  private connect(address: string, timeoutMs = this.options.connectTimeoutMs ?? 3000): Promise<RemotingPeer> {
    const known = this.connections.get(address);
    if (known !== undefined) return known;
    const attempt = this.open(address, Math.min(timeoutMs, this.options.connectTimeoutMs ?? 3000));
    this.connections.set(address, attempt);
    attempt.catch(() => this.forget(address, attempt));
    return attempt;
  }

  private async open(address: string, timeoutMs: number): Promise<RemotingPeer> {
    const target = parseAddress(address);
    if (target === undefined) throw new RemotingError('BAD_ADDRESS', `"${address}" is not host:port`);
    if (this.stopped) throw new RemotingError('CONNECTION_CLOSED', 'this client is stopped');
    const { tls } = this.options;
    const connection = await this.host.network
      .connect({ ...target, timeoutMs, ...(tls === undefined ? {} : { tls }) })
      .catch((cause: unknown) => {
        throw new RemotingError('CONNECT_FAILED', textOf(cause), { cause });
      });
    if (this.stopped) {
      connection.destroy();
      throw new RemotingError('CONNECTION_CLOSED', 'this client is stopped');
    }
    const peer = new RemotingPeer(this.host, connection, this.router, () => this.lost(address, peer), this.options);
    this.opened.set(address, peer);
    peer.open();
    return peer;
  }

  /** The connection may be on its way already, for a caller with more patience. */
  private withDeadline(address: string, attempt: Promise<RemotingPeer>, timeoutMs: number): Promise<RemotingPeer> {
    return new Promise((resolve, reject) => {
      const cancel = this.host.timers.after(timeoutMs, () =>
        reject(new RemotingError('CONNECT_FAILED', `not connected to ${address} within ${timeoutMs} ms`)),
      );
      attempt.then(resolve, reject).finally(cancel);
    });
  }

  private forget(address: string, attempt: Promise<RemotingPeer>): void {
    if (this.connections.get(address) === attempt) this.connections.delete(address);
  }

  private lost(address: string, peer: RemotingPeer): void {
    if (this.opened.get(address) === peer) {
      this.opened.delete(address);
      this.connections.delete(address);
    }
    if (this.stopped) return;
    for (const listener of this.lostListeners) {
      try {
        listener(address);
      } catch (error) {
        this.host.log.error({ address, error: textOf(error) }, 'a listener for lost connections failed');
      }
    }
  }
}
