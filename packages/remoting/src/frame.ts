import { binaryHeader, readBinaryHeader } from './binary-header';
import {
  PROTOCOL_LANGUAGE,
  PROTOCOL_VERSION,
  type ExtFields,
  type RemotingCommand,
  type SerializeType,
} from './command';
import { RemotingError } from './errors';
import { jsonHeaderText, readJsonHeader } from './json-header';

/** Largest frame, its length field included (com.rocketmq.remoting.frameMaxLength). */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/**
 * Cuts a connection's byte stream into commands. Complete frames are read in place; only a frame that spans reads is
 * gathered, in one buffer of its final size.
 *
 *     0          4        5          8            8+H          4+L     big-endian; L counts what follows itself
 *     | L  u32   | codec  | H  u24   | header     | body       |       codec: 0 JSON, 1 ROCKETMQ
 *
 * @source NettyDecoder, RemotingCommand.decode
 */
export class FrameReader {
  /** The beginning of an incomplete frame: four bytes while its length is unknown, else room for all of it. */
  private gathered: Buffer | undefined;
  private gatheredBytes = 0;

  constructor(private readonly maxFrameBytes: number = MAX_FRAME_BYTES) {}

  /**
   * Takes the next bytes of the stream and hands out each command that is complete with them.
   * @throws RemotingError FRAME_TOO_LARGE, FRAME_MALFORMED, HEADER_MALFORMED; the connection cannot be resumed
   */
  push(bytes: Buffer, onCommand: (command: RemotingCommand) => void): void {
    let at = 0;
    while (at < bytes.length) {
      if (this.gathered !== undefined) {
        at += this.gather(bytes, at);
        const whole = this.takeGathered();
        if (whole !== undefined) onCommand(decodeFrame(whole, 0, whole.length));
        continue;
      }
      const total = this.frameBytes(bytes, at);
      if (total === undefined || bytes.length - at < total) {
        this.startGathering(bytes, at, total);
        return;
      }
      onCommand(decodeFrame(bytes, at, at + total));
      at += total;
    }
  }

  /** Length of the frame that starts at `at`, undefined while its length field is incomplete. */
  private frameBytes(bytes: Buffer, at: number, end = bytes.length): number | undefined {
    if (end - at < 4) return undefined;
    const length = bytes.readUInt32BE(at);
    if (length + 4 > this.maxFrameBytes) {
      throw new RemotingError('FRAME_TOO_LARGE', `frame of ${length + 4} B, limit ${this.maxFrameBytes} B`, {
        hint: 'is the peer a RocketMQ program?',
      });
    }
    if (length < 4) throw new RemotingError('FRAME_MALFORMED', `frame length ${length}, at least 4 expected`);
    return length + 4;
  }

  private startGathering(bytes: Buffer, at: number, total: number | undefined): void {
    this.gathered = Buffer.allocUnsafe(total ?? 4);
    this.gatheredBytes = bytes.copy(this.gathered, 0, at);
  }

  private gather(bytes: Buffer, at: number): number {
    const target = this.gathered as Buffer;
    const count = bytes.copy(target, this.gatheredBytes, at, at + target.length - this.gatheredBytes);
    this.gatheredBytes += count;
    return count;
  }

  private takeGathered(): Buffer | undefined {
    const gathered = this.gathered as Buffer;
    if (this.gatheredBytes < gathered.length) return undefined;
    if (gathered.length === 4) {
      const total = this.frameBytes(gathered, 0) as number;
      const grown = Buffer.allocUnsafe(total);
      gathered.copy(grown);
      this.gathered = grown;
      return undefined;
    }
    this.gathered = undefined;
    this.gatheredBytes = 0;
    return gathered;
  }
}

/** Reads the frame that lies in `bytes` from `at` to `end`. @throws RemotingError FRAME_MALFORMED, HEADER_MALFORMED */
export function decodeFrame(bytes: Buffer, at: number, end: number): RemotingCommand {
  if (end - at < 8) throw new RemotingError('FRAME_MALFORMED', `frame of ${end - at} B has no header word`);
  const codec = bytes.readUInt8(at + 4);
  const headerBytes = bytes.readUIntBE(at + 5, 3);
  const bodyAt = at + 8 + headerBytes;
  if (bodyAt > end)
    throw new RemotingError('FRAME_MALFORMED', `header of ${headerBytes} B in a frame of ${end - at} B`);
  const header = bytes.subarray(at + 8, bodyAt);
  const body = bodyAt === end ? undefined : bytes.subarray(bodyAt, end);
  if (codec === 0) return readJsonHeader(header, body);
  if (codec === 1) return readBinaryHeader(header, body);
  throw new RemotingError('FRAME_MALFORMED', `serialize type ${codec}, 0 (JSON) or 1 (ROCKETMQ) expected`);
}

export interface OutgoingFrame {
  readonly code: number;
  readonly opaque: number;
  readonly flag: number;
  readonly remark?: string | undefined;
  readonly header?: ExtFields | undefined;
  readonly body?: Buffer | readonly Buffer[] | undefined;
  readonly serializeType?: SerializeType;
}

/** Bodies up to this size are copied behind the header: one buffer is cheaper to send than two. */
const COPY_BODY_BYTES = 4096;

/**
 * Encodes a frame into as few buffers as is cheap: small bodies are copied behind the header, large ones are passed on.
 * @throws RemotingError FRAME_TOO_LARGE
 */
export function encodeFrame(frame: OutgoingFrame, write: (bytes: Buffer) => void): void {
  const { body } = frame;
  const single = body === undefined || Buffer.isBuffer(body);
  const bodyBytes =
    body === undefined
      ? 0
      : single
        ? (body as Buffer).length
        : (body as readonly Buffer[]).reduce((sum, part) => sum + part.length, 0);
  const copied = bodyBytes <= COPY_BODY_BYTES ? bodyBytes : 0;
  const { bytes, end } = frame.serializeType === 'ROCKETMQ' ? binaryStart(frame, copied) : jsonStart(frame, copied);
  const length = end - 4 + bodyBytes;
  if (length + 4 > MAX_FRAME_BYTES) {
    throw new RemotingError('FRAME_TOO_LARGE', `frame of ${length + 4} B to send, limit ${MAX_FRAME_BYTES} B`);
  }
  bytes.writeUInt32BE(length, 0);
  if (copied > 0) {
    let at = end;
    if (single) (body as Buffer).copy(bytes, at);
    else for (const part of body as readonly Buffer[]) at += part.copy(bytes, at);
  }
  write(bytes);
  if (bodyBytes === copied || body === undefined) return;
  if (single) write(body as Buffer);
  else for (const part of body as readonly Buffer[]) write(part);
}

function jsonStart(frame: OutgoingFrame, room: number): { bytes: Buffer; end: number } {
  const text = jsonHeaderText(
    frame.code,
    frame.opaque,
    frame.flag,
    PROTOCOL_VERSION,
    PROTOCOL_LANGUAGE,
    frame.remark,
    frame.header,
  );
  const headerBytes = Buffer.byteLength(text, 'utf8');
  const bytes = Buffer.allocUnsafe(8 + headerBytes + room);
  bytes.writeUInt32BE(headerBytes, 4);
  if (headerBytes === text.length) bytes.write(text, 8, 'latin1');
  else bytes.write(text, 8, 'utf8');
  return { bytes, end: 8 + headerBytes };
}

function binaryStart(frame: OutgoingFrame, room: number): { bytes: Buffer; end: number } {
  const header = binaryHeader(
    frame.code,
    frame.opaque,
    frame.flag,
    PROTOCOL_VERSION,
    PROTOCOL_LANGUAGE,
    frame.remark,
    frame.header,
  );
  const bytes = Buffer.allocUnsafe(8 + header.length + room);
  bytes.writeUInt32BE((0x01000000 | header.length) >>> 0, 4);
  header.copy(bytes, 8);
  return { bytes, end: 8 + header.length };
}
