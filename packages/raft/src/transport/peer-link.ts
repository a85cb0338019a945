import { textOf, type Cancel, type Host } from '@batonmq/host';
import type { Message } from '../core/message';
import type { NodeId } from '../core/types';

/** An established way to a peer. */
export interface Channel {
  /** Whether it can take another batch now; when it can again, it calls `flush` of its link. */
  readonly ready: boolean;
  readonly closed: boolean;
  send(messages: readonly Message[]): void;
  close(): void;
}

export interface LinkOptions {
  readonly peer: NodeId;
  /** Resolves once the handshake is through. It tells the link when the channel is lost. */
  readonly connect: (link: PeerLink) => Promise<Channel>;
  readonly onDropped: () => void;
}

/** Waiting for the channel: more is dropped, Raft sends again what matters. */
const MAX_WAITING_MESSAGES = 4096;
const MAX_WAITING_BYTES = 32 << 20;
/** Messages are put together up to this; a bigger one goes alone. */
const BATCH_BYTES = 1 << 20;
const MIN_BACKOFF_MS = 50;
const MAX_BACKOFF_MS = 2000;

/**
 * The sending side towards one peer: connects when there is something to say, again with growing pauses, and sends at
 * once what the channel takes (a connection writes everything of one turn together). Bounded; full means dropping.
 */
export class PeerLink {
  private channel: Channel | undefined;
  private connecting = false;
  private stopped = false;
  private backoffMs = 0;
  private cancelBackoff: Cancel | undefined;
  private waiting: Message[] = [];
  private waitingBytes = 0;
  private announcement: Message | undefined;
  private scheduled = false;
  private lastComplaint = '';

  constructor(
    private readonly host: Pick<Host, 'timers' | 'random' | 'log'>,
    private readonly options: LinkOptions,
  ) {}

  send(message: Message): void {
    if (this.stopped) return;
    if (this.channel === undefined && !this.connecting) {
      if (this.cancelBackoff !== undefined) return this.options.onDropped();
      this.open();
    }
    if (this.waiting.length >= MAX_WAITING_MESSAGES || this.waitingBytes >= MAX_WAITING_BYTES) {
      return this.options.onDropped();
    }
    if (message.kind === 'append') {
      if (message.entries.length === 0) return this.announce(message);
      this.announcement = undefined;
    }
    this.push(message);
  }

  private push(message: Message): void {
    if (this.waiting.length === 0 && this.channel?.ready === true) return this.channel.send([message]);
    this.waiting.push(message);
    this.waitingBytes += bytesOf(message);
  }

  /**
   * An append without entries tells of the commit index, or asks whether the logs agree. What follows in the same turn
   * does so too: it waits for the end of the turn, and goes only when nothing did.
   */
  private announce(message: Message): void {
    this.announcement = message;
    if (this.scheduled) return;
    this.scheduled = true;
    this.host.timers.endOfTurn(() => {
      this.scheduled = false;
      const { announcement } = this;
      this.announcement = undefined;
      if (announcement !== undefined && !this.stopped) this.push(announcement);
    });
  }

  /** Sends what waits, as far as the channel takes it. */
  flush(): void {
    while (this.channel?.ready === true && this.waiting.length > 0) {
      let bytes = 0;
      let count = 0;
      while (count < this.waiting.length) {
        bytes += bytesOf(this.waiting[count] as Message);
        if (count > 0 && bytes > BATCH_BYTES) break;
        count++;
      }
      const batch = this.waiting.splice(0, count);
      for (const message of batch) this.waitingBytes -= bytesOf(message);
      this.channel.send(batch);
    }
  }

  private open(): void {
    this.connecting = true;
    this.options.connect(this).then(
      (channel) => {
        this.connecting = false;
        if (this.stopped) return channel.close();
        this.channel = channel;
        if (channel.closed) return this.lost(channel, 'closed by the peer');
        this.backoffMs = 0;
        this.lastComplaint = '';
        this.host.log.debug({ peer: this.options.peer }, 'connected to raft peer');
        this.flush();
      },
      (error: unknown) => {
        this.connecting = false;
        this.complain(textOf(error));
        this.backOff();
      },
    );
  }

  /** The channel broke. What was under way in it may be lost. */
  lost(channel: Channel, reason: string): void {
    if (this.channel !== channel) return;
    this.channel = undefined;
    this.complain(reason);
    this.backOff();
  }

  /** Says what is wrong once, not at each attempt. */
  private complain(reason: string): void {
    if (this.stopped || reason === this.lastComplaint) return;
    this.lastComplaint = reason;
    this.host.log.warn({ peer: this.options.peer, reason }, 'no connection to raft peer; trying again');
  }

  private backOff(): void {
    if (this.stopped) return;
    this.waiting = [];
    this.waitingBytes = 0;
    this.options.onDropped();
    this.backoffMs = Math.min(MAX_BACKOFF_MS, Math.max(MIN_BACKOFF_MS, this.backoffMs * 2));
    const delayMs = this.backoffMs * (0.5 + this.host.random.next() / 2);
    this.cancelBackoff = this.host.timers.after(delayMs, () => {
      this.cancelBackoff = undefined;
    });
  }

  /** The peer was heard of, so it is there: what is said next is worth an attempt at once. */
  peerIsThere(): void {
    this.cancelBackoff?.();
    this.cancelBackoff = undefined;
    this.backoffMs = 0;
  }

  stop(): void {
    this.stopped = true;
    this.cancelBackoff?.();
    this.waiting = [];
    this.channel?.close();
    this.channel = undefined;
  }
}

function bytesOf(message: Message): number {
  if (message.kind === 'snapshot') return message.data.length + 64;
  if (message.kind !== 'append') return 64;
  let bytes = 64;
  for (const entry of message.entries) bytes += entry.data.length + 16;
  return bytes;
}
