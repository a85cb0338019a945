import * as net from 'node:net';
import * as tls from 'node:tls';
import { HostError, codeOf, textOf } from '../errors';
import type { ConnectAddress, Connection, ConnectionHandlers, ListenAddress, Listener, Network } from '../host';

export class NodeNetwork implements Network {
  listen(address: ListenAddress, onConnection: (connection: Connection) => void): Promise<Listener> {
    const accept = (socket: net.Socket): void => onConnection(new NodeConnection(socket));
    const server = address.tls
      ? tls.createServer(
          {
            cert: address.tls.cert,
            key: address.tls.key,
            ca: address.tls.ca,
            requestCert: address.tls.requireClientCertificate === true,
            rejectUnauthorized: address.tls.requireClientCertificate === true,
            pauseOnConnect: true,
          },
          accept,
        )
      : net.createServer({ pauseOnConnect: true, noDelay: true }, accept);
    const host = address.host ?? '0.0.0.0';
    return new Promise((resolve, reject) => {
      server.once('error', (cause) => {
        const inUse = codeOf(cause) === 'EADDRINUSE';
        const hint = inUse ? 'stop what uses the port, or configure another one' : undefined;
        const text = inUse ? 'the port is already in use' : textOf(cause);
        const code = inUse ? 'ADDRESS_IN_USE' : 'NETWORK';
        reject(new HostError(code, `cannot listen on ${host}:${address.port}: ${text}`, { hint, cause }));
      });
      server.listen({ host, port: address.port, backlog: 1024 }, () => {
        server.on('error', () => {});
        const bound = server.address() as net.AddressInfo;
        resolve({
          host: bound.address,
          port: bound.port,
          close: () =>
            new Promise((done) => {
              if (server.listening) server.close();
              done();
            }),
        });
      });
    });
  }

  connect(address: ConnectAddress): Promise<Connection> {
    const { host, port, timeoutMs } = address;
    return new Promise((resolve, reject) => {
      const socket = address.tls
        ? tls.connect({ host, port, ...address.tls })
        : net.connect({ host, port, noDelay: true });
      const fail = (code: 'CONNECT_FAILED' | 'CONNECT_TIMEOUT', text: string, cause?: unknown): void => {
        clearTimeout(timer);
        socket.destroy();
        reject(new HostError(code, `cannot connect to ${host}:${port}: ${text}`, { cause }));
      };
      const timer = setTimeout(() => fail('CONNECT_TIMEOUT', `no answer within ${timeoutMs} ms`), timeoutMs);
      socket.once('error', (cause) => fail('CONNECT_FAILED', textOf(cause), cause));
      socket.once(address.tls ? 'secureConnect' : 'connect', () => {
        clearTimeout(timer);
        socket.removeAllListeners('error');
        socket.pause();
        resolve(new NodeConnection(socket));
      });
    });
  }
}

class NodeConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  private handlers: ConnectionHandlers | undefined;
  private pending: Buffer[] = [];
  private paused = false;
  private corked = false;
  private done = false;
  private closeReported = false;
  private reason: Error | undefined;

  constructor(private readonly socket: net.Socket) {
    this.remote = `${socket.remoteAddress ?? '?'}:${socket.remotePort ?? 0}`.replace(/^::ffff:/, '');
    this.local = `${socket.localAddress ?? '?'}:${socket.localPort ?? 0}`.replace(/^::ffff:/, '');
    socket.setNoDelay(true);
    socket.on('error', (error) => (this.reason ??= error));
    socket.on('close', () => this.finish());
    socket.on('end', () => socket.end());
    socket.on('drain', () => this.guard(() => this.handlers?.drain?.()));
    socket.on('data', (bytes: Buffer) => this.deliver(bytes));
    socket.pause();
  }

  get closed(): boolean {
    return this.done;
  }

  get bufferedBytes(): number {
    return this.socket.writableLength;
  }

  receive(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
    if (this.done) {
      if (!this.closeReported) this.report();
      return;
    }
    if (!this.paused) this.resume();
  }

  unread(bytes: Buffer): void {
    if (bytes.length > 0) this.pending.unshift(Buffer.from(bytes));
  }

  write(bytes: Buffer): void {
    if (this.done || this.socket.destroyed) return;
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      setImmediate(this.uncork);
    }
    this.socket.write(bytes);
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    this.paused = false;
    if (this.pending.length > 0) setImmediate(() => this.flushPending());
    else this.socket.resume();
  }

  end(): void {
    this.uncork();
    this.socket.end();
  }

  destroy(reason?: Error): void {
    this.reason ??= reason;
    this.socket.destroy();
  }

  private readonly uncork = (): void => {
    if (!this.corked) return;
    this.corked = false;
    this.socket.uncork();
  };

  private deliver(bytes: Buffer): void {
    if (this.handlers === undefined || this.pending.length > 0) {
      this.pending.push(Buffer.from(bytes));
      return;
    }
    const { handlers } = this;
    this.guard(() => handlers.data(bytes));
  }

  private flushPending(): void {
    while (!this.paused && !this.done && this.handlers !== undefined) {
      const next = this.pending.shift();
      if (next === undefined) return void this.socket.resume();
      const { handlers } = this;
      this.guard(() => handlers.data(next));
    }
  }

  private guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }

  private finish(): void {
    this.done = true;
    if (this.handlers !== undefined && !this.closeReported) this.report();
  }

  private report(): void {
    this.closeReported = true;
    this.handlers?.close(this.reason);
  }
}
