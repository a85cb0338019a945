import type { RSocket } from '@rsocket/core';
import type { Message } from '../core/message';
import { encodeBatch } from '../proto/codec';
import type { Channel, PeerLink } from './peer-link';
import type { RSocketConnection } from './rsocket-connection';

/** @rsocket/core looks through all requests in flight for each new one, and has no flow control for requests. */
const MAX_IN_FLIGHT = 64;
const MAX_BUFFERED_BYTES = 8 << 20;
/** Stream ids never wrap in @rsocket/core: after 2^30 of them every request throws. */
const MAX_REQUESTS = 500_000_000;

/** Batches as RSocket requests; the empty answer says that the peer has taken one and another may go. */
export class RSocketChannel implements Channel {
  private inFlight = 0;
  private requests = 0;

  constructor(
    private readonly socket: RSocket,
    private readonly connection: RSocketConnection,
    private readonly link: PeerLink,
  ) {}

  get ready(): boolean {
    return !this.closed && this.inFlight < MAX_IN_FLIGHT && this.connection.bufferedBytes < MAX_BUFFERED_BYTES;
  }

  get closed(): boolean {
    return this.connection.done;
  }

  send(messages: readonly Message[]): void {
    this.inFlight++;
    this.requests++;
    const settled = (): void => {
      this.inFlight--;
      this.link.flush();
    };
    this.socket.requestResponse(
      { data: encodeBatch(messages) },
      { onNext: settled, onError: settled, onComplete: settled, onExtension: () => {} },
    );
    if (this.requests >= MAX_REQUESTS) this.close();
  }

  close(): void {
    this.connection.close();
  }
}
