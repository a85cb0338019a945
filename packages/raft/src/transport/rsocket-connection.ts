import type { Connection } from '@batonmq/host';
import {
  Deferred,
  deserializeFrame,
  serializeFrame,
  type Closeable,
  type Demultiplexer,
  type DuplexConnection,
  type Frame,
  type FrameHandler,
  type Multiplexer,
  type Outbound,
} from '@rsocket/core';
import { RaftError } from '../errors';
import { FrameSlicer } from './frames';

export type Mux = Multiplexer & Demultiplexer & FrameHandler;
/** Largest value of RSocket's three-byte length. */
const MAX_RSOCKET_FRAME_BYTES = 0xff_ffff;
/** Small frames go in one piece with their length; copying more costs more than a second write. */
const COPY_BELOW_BYTES = 2048;
/** A server's frames before its acceptor is done: it answers within a turn or two. */
const MAX_EARLY_FRAMES = 256;

/** RSocket frames on a TCP connection of the host: | length u24 | frame |. @rsocket/core brings no transport of its own. */
export class RSocketConnection extends Deferred implements DuplexConnection, Outbound, Closeable {
  readonly availability = 1;
  private mux: Mux | undefined;
  private early: Buffer[] | undefined;

  constructor(private readonly connection: Connection) {
    super();
  }

  get multiplexerDemultiplexer(): Mux {
    if (this.mux === undefined) throw new RaftError('INVARIANT', 'RSocket connection used before it was set up');
    return this.mux;
  }

  get bufferedBytes(): number {
    return this.connection.bufferedBytes;
  }

  /** The connecting side: the multiplexer is there before the first frame. */
  open(mux: Mux, onDrain: () => void): void {
    this.mux = mux;
    this.listen((frame) => this.handle(frame), onDrain);
  }

  /** The accepting side: the first frame makes the multiplexer; what comes before `setUp` is done waits. */
  accept(makeMux: (first: Frame) => Mux | undefined, setUp: (first: Frame) => Promise<void>): void {
    this.listen((bytes) => {
      if (this.early !== undefined) return this.keepEarly(bytes);
      if (this.mux !== undefined) return this.handle(bytes);
      const first = deserializeFrame(Buffer.from(bytes)) as Frame | undefined;
      if (first === undefined) throw new RaftError('PROTOCOL', 'an RSocket connection began with an unknown frame');
      const mux = makeMux(first);
      if (mux === undefined) return; // refused; the error frame is on its way
      this.mux = mux;
      this.early = [];
      setUp(first).then(
        () => this.release(),
        (error: unknown) => this.close(error as Error),
      );
    });
  }

  private keepEarly(bytes: Buffer): void {
    if ((this.early?.length ?? 0) >= MAX_EARLY_FRAMES)
      throw new RaftError('PROTOCOL', 'too many frames before the setup');
    this.early?.push(Buffer.from(bytes));
  }

  private release(): void {
    const frames = this.early ?? [];
    this.early = undefined;
    for (const frame of frames) this.handle(frame);
  }

  private listen(onFrame: (bytes: Buffer) => void, drain?: () => void): void {
    const slicer = new FrameSlicer(3, MAX_RSOCKET_FRAME_BYTES, (frame) => {
      if (!this.done) onFrame(frame);
    });
    this.connection.receive({
      data: (bytes) => slicer.push(bytes),
      close: (reason) => {
        if (!this.done) super.close(reason ?? new Error('closed by the peer'));
      },
      drain,
    });
  }

  private handle(bytes: Buffer): void {
    if (this.done) return;
    const frame = deserializeFrame(bytes) as Frame | undefined;
    if (frame !== undefined) this.mux?.handle(frame); // undefined: an extension, to be skipped
  }

  send(frame: Frame): void {
    if (this.done) return;
    const body = serializeFrame(frame);
    if (body.length > MAX_RSOCKET_FRAME_BYTES) {
      return this.close(new RaftError('PROTOCOL', `a frame of ${body.length} B does not fit RSocket`));
    }
    const head = Buffer.allocUnsafe(body.length < COPY_BELOW_BYTES ? body.length + 3 : 3);
    head.writeUIntBE(body.length, 0, 3);
    if (body.length < COPY_BELOW_BYTES) body.copy(head, 3);
    this.connection.write(head);
    if (body.length >= COPY_BELOW_BYTES) this.connection.write(body);
  }

  /** In good order, so that an error frame sent just before still arrives. */
  override close(error?: Error): void {
    if (this.done) return;
    this.connection.end();
    super.close(error);
  }

  /** At once. */
  destroy(): void {
    this.connection.destroy();
    if (!this.done) super.close(new Error('stopped'));
  }
}
