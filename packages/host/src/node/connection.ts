import type { Socket } from 'node:net';
import { HostError, textOf } from '../errors';
import type { Connection, ConnectionHandlers, Logger } from '../host';

/**
 * A socket as a Connection. `pending` holds what was read but not delivered: what came before a receiver, what was put
 * back, and what follows it. The end is reported only after it.
 */
export class NodeConnection implements Connection {
  readonly remote: string;
  readonly local: string;
  private handlers: ConnectionHandlers | undefined;
  /** The receiver was set and has not been given anything yet: what is put back now is for it. */
  private fresh = false;
  /** Bytes were put back: nothing is delivered until the next receiver is set. */
  private held = false;
  private paused = false;
  private pending: Buffer[] = [];
  private pumpAsked = false;
  private corked = false;
  private drainOwed = false;
  private ending = false;
  private peerEnded = false;
  /** The socket is no more. */
  private gone = false;
  private closeReported = false;
  private reason: Error | undefined;

  constructor(
    private readonly socket: Socket,
    private readonly log: Logger,
  ) {
    this.remote = addressOf(socket.remoteAddress, socket.remotePort);
    this.local = addressOf(socket.localAddress, socket.localPort);
    socket.setNoDelay(true);
    socket.pause();
    socket.on('error', (cause) => {
      const text = `the connection to ${this.remote} broke: ${textOf(cause)}`;
      this.reason ??= new HostError('CONNECTION_CLOSED', text, { cause });
    });
    socket.on('data', (bytes: Buffer) => this.arrived(bytes));
    socket.on('end', () => {
      this.peerEnded = true;
      this.answerEnd();
    });
    socket.on('close', () => this.socketClosed());
  }

  get closed(): boolean {
    return this.gone || this.socket.destroyed;
  }

  get bufferedBytes(): number {
    return this.closed ? 0 : this.socket.writableLength;
  }

  receive(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
    this.fresh = true;
    this.held = false;
    this.askPump();
  }

  unread(bytes: Buffer): void {
    if (bytes.length === 0 || this.socket.destroyed) return;
    this.pending.unshift(Buffer.from(bytes));
    if (this.fresh) return this.askPump();
    this.held = true;
    this.socket.pause();
  }

  write(bytes: Buffer): void {
    if (this.ending || !this.socket.writable || bytes.length === 0) return;
    if (!this.corked) {
      this.corked = true;
      this.socket.cork();
      setImmediate(this.uncork);
    }
    this.drainOwed = true;
    this.socket.write(bytes, this.written);
  }

  pause(): void {
    this.paused = true;
    this.socket.pause();
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.pending.length > 0 || this.peerEnded) this.askPump();
    else if (this.handlers !== undefined && !this.held) this.socket.resume();
  }

  end(): void {
    if (this.ending || this.closed) return;
    this.ending = true;
    this.uncork();
    this.socket.end();
    // Nobody wants what comes: read it away, or the end of the other side would never be seen.
    if (this.handlers === undefined) this.socket.resume();
  }

  destroy(reason?: Error): void {
    if (this.closed) return;
    this.reason ??= reason;
    this.pending = [];
    this.socket.destroy();
  }

  private readonly uncork = (): void => {
    if (!this.corked) return;
    this.corked = false;
    this.socket.uncork();
  };

  /** Called for every write; what was written in one turn is one operation, so the first call finds the buffer empty. */
  private readonly written = (error?: Error | null): void => {
    if (error || this.closed || !this.drainOwed || this.socket.writableLength > 0) return;
    this.drainOwed = false;
    if (!this.ending) this.guard(() => this.handlers?.drain?.());
  };

  private get deliverable(): boolean {
    return this.handlers !== undefined && !this.paused && !this.held;
  }

  private arrived(bytes: Buffer): void {
    if (this.handlers !== undefined && this.deliverable && this.pending.length === 0) this.give(this.handlers, bytes);
    else if (this.handlers !== undefined || !this.ending) this.pending.push(bytes);
  }

  private give(handlers: ConnectionHandlers, bytes: Buffer): void {
    this.fresh = false;
    this.guard(() => handlers.data(bytes));
  }

  private askPump(): void {
    if (this.pumpAsked) return;
    this.pumpAsked = true;
    setImmediate(this.pump);
  }

  /** Delivers what waits, then goes on reading, or ends. */
  private readonly pump = (): void => {
    this.pumpAsked = false;
    while (this.handlers !== undefined && this.deliverable && this.pending.length > 0) {
      this.give(this.handlers, this.pending.shift() as Buffer);
    }
    if (this.gone) this.report();
    else if (this.peerEnded) this.answerEnd();
    else if (this.deliverable && !this.socket.destroyed) this.socket.resume();
  };

  /** The other end has finished: so does this one, once its receiver has had everything and the chance to answer. */
  private answerEnd(): void {
    if (this.pending.length > 0) return;
    if (!this.ending) this.end();
  }

  private socketClosed(): void {
    this.gone = true;
    if (this.reason !== undefined) this.pending = [];
    this.report();
  }

  private report(): void {
    if (this.closeReported || this.handlers === undefined || this.pending.length > 0) return;
    this.closeReported = true;
    try {
      this.handlers.close(this.reason);
    } catch (error) {
      this.log.error({ remote: this.remote, error: textOf(error) }, 'a close handler failed');
    }
  }

  private guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}

/** As RocketMQ writes addresses: IPv4 in IPv6 clothes without them. */
function addressOf(host: string | undefined, port: number | undefined): string {
  return `${host ?? '?'}:${port ?? 0}`.replace(/^::ffff:/, '');
}
