import { HostError, type ConnectAddress, type Connection } from '@batonmq/host';
import type { SimEvent } from '../loop/event-queue';
import { SimConnection } from './connection';
import type { NetStation, SimListener, SimNetwork } from './network';
import { Pipe } from './pipe';
import type { Wire } from './wire';

/** The kernel's pause before it tries again to reach the other end; doubled every time (Linux: 1, 2, 4 ... s). */
const FIRST_RETRY_MS = 1000;

/** One attempt to connect: SYN there, SYN-ACK back, and with the first packet of the new connection the other accepts. */
export class Dialling {
  private settled = false;
  private deadline: SimEvent | undefined;
  private retryMs = FIRST_RETRY_MS;

  constructor(
    private readonly wire: Wire,
    private readonly network: SimNetwork,
    private readonly target: NetStation | undefined,
    private readonly address: ConnectAddress,
    private readonly resolve: (connection: Connection) => void,
    private readonly reject: (error: Error) => void,
  ) {}

  start(): void {
    const { timeoutMs } = this.address;
    const { process, rate } = this.network;
    this.deadline = this.wire.loop.after(Math.max(timeoutMs, 1) / rate, process, () =>
      this.fail('CONNECT_TIMEOUT', `no answer within ${timeoutMs} ms`),
    );
    this.knock();
  }

  private knock(): void {
    const { target } = this;
    const { own } = this.network;
    if (target === undefined) return;
    this.then(this.wire.delay(own, target), () => {
      if (this.wire.isBlocked(own, target)) return this.knockLater();
      const listener = target.ports.get(this.address.port);
      const isOpen = listener !== undefined && (!listener.onlyLocal || own === target);
      this.then(this.wire.delay(target, own), () => {
        if (this.wire.isBlocked(target, own)) return this.knockLater();
        if (!isOpen) return this.fail('CONNECT_FAILED', 'connection refused');
        if (this.address.tls !== undefined && !listener.tls)
          return this.fail('CONNECT_FAILED', 'the other end has no TLS');
        this.establish(target, listener);
      });
    });
  }

  private knockLater(): void {
    this.then(this.retryMs, () => this.knock());
    this.retryMs *= 2;
  }

  private then(delayMs: number, task: () => void): void {
    this.wire.loop.after(delayMs, undefined, () => {
      if (!this.settled && this.network.process.alive) task();
    });
  }

  private establish(target: NetStation, listener: SimListener): void {
    const { own, process } = this.network;
    const there = new Pipe(this.wire, own, target);
    const back = new Pipe(this.wire, target, own);
    const isLocal = own === target && this.address.host !== own.address && this.address.host !== own.name;
    const local = `${isLocal ? '127.0.0.1' : own.address}:${this.network.freePort()}`;
    const remote = `${isLocal ? '127.0.0.1' : target.address}:${listener.port}`;
    there.send(() => {
      const stillOpen = listener.process.alive && target.ports.get(listener.port) === listener;
      if (!stillOpen || listener.tls !== (this.address.tls !== undefined)) {
        there.target = { arrived: () => {}, finished: () => {}, reset: () => {} };
        return back.send('reset');
      }
      const accepted = new SimConnection(this.wire, listener.process, there, back, remote, local);
      this.wire.loop.after(0, listener.process, () => accept(listener, accepted));
    });
    const connection = new SimConnection(this.wire, process, back, there, local, remote);
    this.settle();
    this.resolve(connection);
  }

  private fail(code: 'CONNECT_FAILED' | 'CONNECT_TIMEOUT', text: string): void {
    if (this.settled) return;
    this.settle();
    this.reject(new HostError(code, `cannot connect to ${this.address.host}:${this.address.port}: ${text}`));
  }

  private settle(): void {
    this.settled = true;
    if (this.deadline !== undefined) this.wire.loop.cancel(this.deadline);
  }
}

/** As the real network: one whose accepting fails is closed, the listener goes on. */
function accept(listener: SimListener, connection: SimConnection): void {
  try {
    listener.accept(connection);
  } catch (error) {
    connection.destroy(error instanceof Error ? error : new Error(String(error)));
  }
}
