import { textOf, type Cancel, type Clock, type Connection, type Logger, type Timers } from '@batonmq/host';
import {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  isOneway,
  isResponse,
  type OutgoingRequest,
  type RemotingCommand,
  type Response,
} from './command';
import { RemotingError, type RequestRefused } from './errors';
import { FrameReader, MAX_FRAME_BYTES, encodeFrame } from './frame';
import { ResponseCode } from './response-code';
import type { RequestRouter } from './router';

/** The other end of a connection, as a request handler sees it. Both ends may send requests. */
export interface Peer {
  /** Differs between any two connections of this process. */
  readonly id: number;
  /** `ip:port` */
  readonly remote: string;
  readonly closed: boolean;
  /** Answers a request; nothing happens for a one-way request or a closed connection. */
  respond(request: RemotingCommand, response: Response): void;
  /** @throws RemotingError REQUEST_TIMEOUT, CONNECTION_CLOSED, TOO_MANY_REQUESTS */
  invoke(request: OutgoingRequest, timeoutMs: number): Promise<RemotingCommand>;
  oneway(request: OutgoingRequest): void;
  close(reason?: Error): void;
}

export interface PeerOptions {
  readonly maxFrameBytes?: number | undefined;
  /** Requests of our own waiting for an answer on one connection. */
  readonly maxPending?: number | undefined;
  /** Output not taken by the peer at which we stop reading its requests. */
  readonly highWaterBytes?: number | undefined;
}

interface Pending {
  resolve(answer: RemotingCommand): void;
  reject(error: Error): void;
  cancelTimer: Cancel;
}

let nextPeerId = 1;

/** One connection that speaks the remoting protocol: frames in, requests to the router, answers to who waits for them. */
export class RemotingPeer implements Peer {
  readonly id = nextPeerId++;
  /** Monotonic time of the last byte in or out. */
  lastActiveMs: number;
  private readonly reader: FrameReader;
  private readonly pending = new Map<number, Pending>();
  private readonly maxPending: number;
  private readonly highWaterBytes: number;
  private nextOpaque = 1;
  private held = false;
  /** Requests of the chunk in which reading was stopped; they are handled when the peer has taken its answers. */
  private heldRequests: RemotingCommand[] = [];
  private isClosed = false;

  constructor(
    private readonly host: { readonly clock: Clock; readonly timers: Timers; readonly log: Logger },
    private readonly connection: Connection,
    private readonly router: RequestRouter,
    private readonly onClosed: (peer: RemotingPeer, reason: Error | undefined) => void,
    options: PeerOptions = {},
  ) {
    this.reader = new FrameReader(options.maxFrameBytes ?? MAX_FRAME_BYTES);
    this.maxPending = options.maxPending ?? 65535;
    this.highWaterBytes = options.highWaterBytes ?? 4 * 1024 * 1024;
    this.lastActiveMs = host.clock.monotonicMs();
  }

  /** Begins to read. */
  open(): void {
    this.connection.receive({
      data: (bytes) => {
        this.lastActiveMs = this.host.clock.monotonicMs();
        this.reader.push(bytes, this.onCommand);
      },
      drain: () => this.release(),
      close: (reason) => this.finish(reason),
    });
  }

  get remote(): string {
    return this.connection.remote;
  }

  get closed(): boolean {
    return this.isClosed || this.connection.closed;
  }

  respond(request: RemotingCommand, response: Response): void {
    if (isOneway(request) || this.closed) return;
    const { code, remark, header, body } = response;
    const frame = {
      code,
      remark,
      header,
      body,
      opaque: request.opaque,
      flag: FLAG_RESPONSE,
      serializeType: request.serializeType,
    };
    try {
      encodeFrame(frame, this.send);
    } catch (error) {
      encodeFrame(
        { ...frame, code: ResponseCode.SYSTEM_ERROR, remark: textOf(error), header: undefined, body: undefined },
        this.send,
      );
    }
    if (this.connection.bufferedBytes > this.highWaterBytes) this.hold();
  }

  invoke(request: OutgoingRequest, timeoutMs: number): Promise<RemotingCommand> {
    if (this.closed) return Promise.reject(this.closedError());
    if (this.pending.size >= this.maxPending) {
      return Promise.reject(
        new RemotingError('TOO_MANY_REQUESTS', `${this.pending.size} requests to ${this.remote} wait for an answer`),
      );
    }
    return new Promise((resolve, reject) => {
      const opaque = this.takeOpaque();
      const cancelTimer = this.host.timers.after(timeoutMs, () => {
        this.pending.delete(opaque);
        reject(
          new RemotingError(
            'REQUEST_TIMEOUT',
            `no answer from ${this.remote} to request ${request.code} within ${timeoutMs} ms`,
          ),
        );
      });
      this.pending.set(opaque, { resolve, reject, cancelTimer });
      try {
        encodeFrame({ ...request, opaque, flag: 0 }, this.send);
      } catch (error) {
        this.settle(opaque)?.reject(error as Error);
      }
    });
  }

  oneway(request: OutgoingRequest): void {
    if (!this.closed) encodeFrame({ ...request, opaque: this.takeOpaque(), flag: FLAG_ONEWAY }, this.send);
  }

  /** Calls that wait for an answer fail at once. Without a reason what was written is still sent. */
  close(reason?: Error): void {
    if (!this.isClosed) this.failAll(reason);
    if (reason === undefined) this.connection.end();
    else this.connection.destroy(reason);
  }

  private readonly send = (bytes: Buffer): void => {
    this.connection.write(bytes);
    this.lastActiveMs = this.host.clock.monotonicMs();
  };

  private readonly onCommand = (command: RemotingCommand): void => {
    if (isResponse(command)) {
      // A late answer, or one to nobody, is not an error: the caller gave up before.
      this.settle(command.opaque)?.resolve(command);
      return;
    }
    if (this.held) this.heldRequests.push(command);
    else this.router.dispatch(command, this, this.fail);
  };

  private readonly fail = (request: RemotingCommand, error: unknown): void => {
    const code = (error as Partial<RequestRefused>).responseCode ?? ResponseCode.SYSTEM_ERROR;
    if (code === ResponseCode.SYSTEM_ERROR) {
      this.host.log.warn({ peer: this.remote, request: request.code, error: textOf(error) }, 'a request failed');
    }
    this.respond(request, { code, remark: textOf(error) });
  };

  private takeOpaque(): number {
    const opaque = this.nextOpaque;
    this.nextOpaque = (opaque + 1) | 0;
    return opaque;
  }

  private settle(opaque: number): Pending | undefined {
    const waiting = this.pending.get(opaque);
    if (waiting === undefined) return undefined;
    this.pending.delete(opaque);
    waiting.cancelTimer();
    return waiting;
  }

  private hold(): void {
    if (this.held) return;
    this.held = true;
    this.connection.pause();
  }

  private release(): void {
    if (!this.held) return;
    this.held = false;
    const requests = this.heldRequests;
    this.heldRequests = [];
    // Their answers may be too much again: then the rest waits again, and is read from no socket.
    for (const request of requests) this.onCommand(request);
    if (!this.held) this.connection.resume();
  }

  private closedError(cause?: Error): RemotingError {
    return new RemotingError(
      'CONNECTION_CLOSED',
      `the connection to ${this.remote} is closed${cause ? `: ${cause.message}` : ''}`,
      { cause },
    );
  }

  private failAll(reason: Error | undefined): void {
    this.isClosed = true;
    const error = this.closedError(reason);
    for (const opaque of [...this.pending.keys()]) this.settle(opaque)?.reject(error);
  }

  private finish(reason: Error | undefined): void {
    this.failAll(reason);
    this.heldRequests = [];
    this.onClosed(this, reason);
  }
}
