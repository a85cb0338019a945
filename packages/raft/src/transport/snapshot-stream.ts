import type { Cancellable, OnExtensionSubscriber, Payload, RSocket, Requestable } from '@rsocket/core';
import type { SnapshotChunk } from '../core/message';
import { encodeBatch } from '../proto/codec';

/** Chunks a receiver lets come before it has taken them. */
const WINDOW = 2;
const SUBSCRIPTION = Buffer.from('snapshots');

interface Outlet {
  onNext(payload: Payload, isComplete: boolean): void;
}

/**
 * The sender's end of the stream on which a peer receives snapshot chunks: it asked for the stream, and a chunk leaves
 * only when it has asked for one more. Holds one chunk at most: Raft has one in flight, a newer one is the same again or
 * what is wanted instead.
 */
export class SnapshotOutlet {
  private outlet: Outlet | undefined;
  private credit = 0;
  private held: SnapshotChunk | undefined;

  /** For the responder of the connection: the peer subscribes, once; anew after an end. */
  readonly requestStream = (
    _: Payload,
    credit: number,
    outlet: Outlet,
  ): Cancellable & Requestable & OnExtensionSubscriber => {
    this.outlet = outlet;
    this.credit = credit;
    return {
      request: (more) => {
        if (this.outlet !== outlet) return;
        this.credit += more;
        this.flush();
      },
      cancel: () => {
        if (this.outlet === outlet) this.outlet = undefined;
      },
      onExtension: () => {},
    };
  };

  /** Whether the peer has subscribed; else a chunk has to go another way. */
  get isAskedFor(): boolean {
    return this.outlet !== undefined;
  }

  send(chunk: SnapshotChunk): void {
    this.held = chunk;
    this.flush();
  }

  private flush(): void {
    const { held } = this;
    if (held === undefined || this.credit === 0) return;
    this.held = undefined;
    this.credit--;
    this.outlet?.onNext({ data: encodeBatch([held]) }, false);
  }
}

/**
 * The receiver's end: asks the sender of a connection for its stream, and for one more chunk whenever one was taken.
 * @param take what a chunk is handed to; must not throw
 */
export function subscribeToSnapshots(sender: RSocket, take: (bytes: Buffer) => void): void {
  const stream = sender.requestStream({ data: SUBSCRIPTION }, WINDOW, {
    onNext: (payload) => {
      if (payload.data) take(payload.data);
      stream.request(1);
    },
    onError: () => {}, // the connection is gone, or the peer is of a version without this stream
    onComplete: () => {},
    onExtension: () => {},
  });
}
