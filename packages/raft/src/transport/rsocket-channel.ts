import type { RSocket } from '@rsocket/core';
import type { Message } from '../core/message';
import { encodeBatch } from '../proto/codec';
import type { Channel } from './peer-link';
import type { RSocketConnection } from './rsocket-connection';
import type { SnapshotOutlet } from './snapshot-stream';

/** What a peer that does not keep up may owe the kernel; then messages wait in the link, and are dropped there. */
const MAX_BUFFERED_BYTES = 4 << 20;
/** Stream ids never wrap in @rsocket/core: after 2^30 of them every request throws. */
const MAX_REQUESTS = 500_000_000;

/**
 * Batches as RSocket fire-and-forget requests: Raft answers what needs an answer, and TCP holds back who is too fast.
 * Chunks of snapshots go on the stream the peer asked for.
 */
export class RSocketChannel implements Channel {
  private requests = 0;

  constructor(
    private readonly socket: RSocket,
    private readonly connection: RSocketConnection,
    private readonly snapshots: SnapshotOutlet,
  ) {}

  get ready(): boolean {
    return !this.closed && this.connection.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  get closed(): boolean {
    return this.connection.done;
  }

  send(messages: readonly Message[]): void {
    let batch: Message[] = [];
    for (const message of messages) {
      if (message.kind !== 'snapshot' || !this.snapshots.isAskedFor) {
        batch.push(message);
        continue;
      }
      if (batch.length > 0) this.request(batch);
      batch = [];
      this.snapshots.send(message);
    }
    if (batch.length > 0) this.request(batch);
  }

  private request(messages: readonly Message[]): void {
    this.requests++;
    this.socket.fireAndForget({ data: encodeBatch(messages) }, { onError: () => {}, onComplete: () => {} });
    if (this.requests >= MAX_REQUESTS) this.close();
  }

  close(): void {
    this.connection.close();
  }
}
