import { HostError, type Connection, type ConnectionHandlers } from '@batonmq/host';
import type { Death, Mortal, SimProcess } from '../process';
import type { Pipe, PipeEnd, PipeSource } from './pipe';
import type { Wire } from './wire';

// Taken out once: looking up a global costs a microsecond where a test runner puts its own in between.
const { min } = Math;
const { allocUnsafe } = Buffer;

/** Most bytes handed to a receiver in one call, as libuv reads. */
const MAX_READ_BYTES = 64 * 1024;

/** One end of a connection: the process's socket and its kernel's half of the TCP state. */
export class SimConnection implements Connection, PipeEnd, PipeSource, Mortal {
  private handlers: ConnectionHandlers | undefined;
  /** The receiver was set and has not been given anything yet: what is put back now is for it. */
  private fresh = false;
  /** Bytes were put back: nothing is delivered until the next receiver is set. */
  private held = false;
  private paused = false;
  private pumping = false;
  private inbox: Buffer[] = [];
  /** Of the first so many bytes of the inbox the sender has already heard that they were read. */
  private acknowledged = 0;
  private outbox: Buffer[] = [];
  private outboxBytes = 0;
  private flushAsked = false;
  private ending = false;
  private finishSent = false;
  private finishReceived = false;
  private resetSent = false;
  private isClosed = false;
  private closeReported = false;
  private reason: Error | undefined;

  constructor(
    private readonly wire: Wire,
    private readonly process: SimProcess,
    private readonly incoming: Pipe,
    private readonly outgoing: Pipe,
    readonly local: string,
    readonly remote: string,
  ) {
    incoming.target = this;
    outgoing.source = this;
    process.belongings.add(this);
  }

  get closed(): boolean {
    return this.isClosed;
  }

  get bufferedBytes(): number {
    return this.outboxBytes;
  }

  receive(handlers: ConnectionHandlers): void {
    this.handlers = handlers;
    this.fresh = true;
    this.held = false;
    this.later(() => {
      this.pump();
      if (this.isClosed) this.reportClose();
    });
  }

  unread(bytes: Buffer): void {
    if (bytes.length === 0 || this.isClosed) return;
    this.inbox.unshift(Buffer.from(bytes));
    this.acknowledged += bytes.length;
    if (!this.fresh) this.held = true;
  }

  write(bytes: Buffer): void {
    if (this.isClosed || this.ending || bytes.length === 0) return;
    this.outbox.push(bytes);
    this.outboxBytes += bytes.length;
    if (this.flushAsked) return;
    this.flushAsked = true;
    this.wire.loop.endOfTurn(this.process, () => {
      this.flushAsked = false;
      if (!this.isClosed) this.flush();
    });
  }

  pause(): void {
    this.paused = true;
  }

  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    this.later(() => this.pump());
  }

  end(): void {
    if (this.ending || this.isClosed) return;
    this.ending = true;
    if (this.handlers === undefined) this.inbox = [];
    this.flush();
  }

  destroy(reason?: Error): void {
    if (this.isClosed) return;
    this.leave(this.inbox.length > 0);
    this.settle(reason);
  }

  // What the kernel does.

  arrived(bytes: Buffer): void {
    if (this.isClosed) return this.refuse();
    // Nobody wants what comes after the own end.
    if (this.handlers === undefined && this.ending) return this.incoming.acknowledge(bytes.length);
    this.inbox.push(bytes);
    this.pump();
  }

  finished(): void {
    this.finishReceived = true;
    this.pump();
  }

  reset(): void {
    if (this.isClosed) return;
    this.drop();
    this.settle(new HostError('CONNECTION_CLOSED', `the connection to ${this.remote} was reset by the other end`));
  }

  roomAgain(): void {
    this.later(() => {
      if (!this.isClosed) this.flush();
    });
  }

  gaveUp(): void {
    if (this.isClosed) return;
    this.drop();
    this.settle(new HostError('CONNECTION_CLOSED', `the connection to ${this.remote} timed out: no acknowledgement`));
  }

  /**
   * The kernel ends the connection of a dead process in good order, but with a reset when something was left unread (as
   * Linux does) and, by the seed, now and then anyway. A crashed machine cannot send again what was lost on the way.
   */
  processDied(how: Death): void {
    if (this.isClosed) return;
    this.closeReported = true;
    if (how === 'vanished') {
      this.outgoing.truncate();
      this.drop();
    } else {
      this.leave(how === 'crashed' || this.inbox.length > 0 || this.wire.prng.chance(0.5));
    }
  }

  private leave(withReset: boolean): void {
    if (withReset) {
      this.outgoing.truncate();
      this.refuse();
    } else if (!this.finishSent) {
      this.outgoing.send('finish');
    }
    this.drop();
  }

  /** Data for a connection that is no more. */
  private refuse(): void {
    if (!this.resetSent) this.outgoing.send('reset');
    this.resetSent = true;
  }

  private drop(): void {
    this.isClosed = true;
    this.inbox = [];
    this.outbox = [];
    this.outboxBytes = 0;
  }

  /** The connection is over for this side; the receiver hears of it in the next turn. */
  private settle(reason: Error | undefined): void {
    this.isClosed = true;
    this.reason = reason;
    this.process.belongings.delete(this);
    this.later(() => this.reportClose());
  }

  private reportClose(): void {
    if (this.closeReported || this.handlers === undefined) return;
    this.closeReported = true;
    this.handlers.close(this.reason);
  }

  private later(task: () => void): void {
    this.wire.loop.after(0, this.process, task);
  }

  private flush(): void {
    const { outgoing } = this;
    const before = this.outboxBytes;
    while (this.outboxBytes > 0) {
      const room = outgoing.room();
      if (room <= 0) {
        outgoing.wanted = true;
        return;
      }
      outgoing.send(this.takeSegment(min(room, MAX_READ_BYTES)));
    }
    if (this.ending && !this.finishSent) {
      this.finishSent = true;
      outgoing.send('finish');
    }
    if (before > 0 && !this.ending) this.guard(() => this.handlers?.drain?.());
    this.closeIfDone();
  }

  /** Copies the next bytes of the outbox: as many as there are, or a random number of them. */
  private takeSegment(maxBytes: number): Buffer {
    const { prng, faults } = this.wire;
    let length = min(maxBytes, this.outboxBytes);
    if (length > 1 && prng.chance(faults.cutRate)) length = 1 + prng.int(length - 1);
    const segment = allocUnsafe(length);
    let at = 0;
    let whole = 0;
    while (at < length) {
      const chunk = this.outbox[whole] as Buffer;
      const taken = min(chunk.length, length - at);
      chunk.copy(segment, at, 0, taken);
      at += taken;
      if (taken === chunk.length) whole++;
      else this.outbox[whole] = chunk.subarray(taken);
    }
    this.outbox.splice(0, whole);
    this.outboxBytes -= length;
    return segment;
  }

  /** Gives the receiver what is there, then the end. */
  private pump(): void {
    if (this.pumping) return;
    if (this.process.frozenUntil > this.wire.loop.now()) return this.later(() => this.pump());
    this.pumping = true;
    while (this.handlers !== undefined && !this.paused && !this.held && !this.isClosed && this.inbox.length > 0) {
      this.give(this.handlers, this.takeRead());
    }
    this.pumping = false;
    if (this.inbox.length > 0 || !this.finishReceived || this.isClosed) return;
    // As a socket without allowHalfOpen: the other end has finished, so this end does.
    if (!this.ending) this.end();
    this.closeIfDone();
  }

  /** What one read returns: a chunk as it came, or several at once. */
  private takeRead(): Buffer {
    const { inbox } = this;
    const first = inbox.shift() as Buffer;
    if (inbox.length === 0 || first.length + (inbox[0] as Buffer).length > MAX_READ_BYTES) return first;
    if (this.wire.prng.chance(0.5)) return first;
    const parts = [first];
    let bytes = first.length;
    for (let next = inbox[0]; next !== undefined && bytes + next.length <= MAX_READ_BYTES; next = inbox[0]) {
      parts.push(next);
      bytes += next.length;
      inbox.shift();
    }
    return Buffer.concat(parts, bytes);
  }

  private give(handlers: ConnectionHandlers, bytes: Buffer): void {
    const { length } = bytes;
    this.fresh = false;
    const known = min(this.acknowledged, length);
    this.acknowledged -= known;
    if (length > known) this.incoming.acknowledge(length - known);
    this.guard(() => handlers.data(bytes));
  }

  private closeIfDone(): void {
    if (this.isClosed || !this.finishSent || !this.finishReceived || this.inbox.length > 0) return;
    this.settle(undefined);
  }

  private guard(task: () => void): void {
    try {
      task();
    } catch (error) {
      this.destroy(error instanceof Error ? error : new Error(String(error)));
    }
  }
}
