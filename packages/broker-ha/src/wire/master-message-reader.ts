import { HaError } from '../errors';
import {
  EPOCH_ENTRY_BYTES,
  HaState,
  PACKET_HEADER_BYTES,
  RESPONSE_HEADER_BYTES,
  decodeHandshakeResponse,
  decodePacketHeader,
  type HandshakeResponse,
  type PacketHeader,
} from './ha-codec';

export interface MasterMessages {
  response(response: HandshakeResponse): void;
  /** A packet begins; a heartbeat is all there (`bodyBytes` 0). */
  packet(header: PacketHeader): void;
  /** The next bytes of the body; lent for the call. `offset` is that of the first of them. */
  body(offset: number, bytes: Buffer, header: PacketHeader): void;
}

/** What a master that means well never exceeds; a nonsense size is found before memory is taken. */
const MAX_RESPONSE_BODY = 4 * 1024 * 1024;
const MAX_PACKET_BODY = 64 * 1024 * 1024;

/**
 * Cuts a master's bytes into the handshake response and packets, however TCP splits them. Bodies are passed on as they
 * come, without a copy: a log does not care where packets end.
 */
export class MasterMessageReader {
  private head = Buffer.alloc(PACKET_HEADER_BYTES);
  private headBytes = 0;
  private packet: PacketHeader | undefined;
  private bodyLeft = 0;
  private stopped = false;

  constructor(private readonly messages: MasterMessages) {}

  /** Nothing more is told, also of the bytes in hand. */
  stop(): void {
    this.stopped = true;
  }

  /** @throws HaError HA_PROTOCOL: the connection cannot be resumed */
  push(bytes: Buffer): void {
    let at = 0;
    while (at < bytes.length && !this.stopped) {
      at += this.bodyLeft > 0 ? this.takeBody(bytes, at) : this.takeHead(bytes, at);
    }
  }

  private takeBody(bytes: Buffer, at: number): number {
    const packet = this.packet as PacketHeader;
    const count = Math.min(this.bodyLeft, bytes.length - at);
    const offset = packet.offset + packet.bodyBytes - this.bodyLeft;
    this.bodyLeft -= count;
    this.messages.body(offset, bytes.subarray(at, at + count), packet);
    return count;
  }

  private takeHead(bytes: Buffer, at: number): number {
    const wanted = this.headNeeded();
    const count = Math.min(wanted - this.headBytes, bytes.length - at);
    bytes.copy(this.head, this.headBytes, at, at + count);
    this.headBytes += count;
    if (this.headBytes === this.headNeeded()) this.headComplete();
    return count;
  }

  /** Grows step by step: state and size, then the rest of what they announce. */
  private headNeeded(): number {
    if (this.headBytes < 8) return 8;
    const state = this.head.readInt32BE(0);
    const size = this.head.readInt32BE(4);
    if (state === HaState.TRANSFER) {
      if (size < 0 || size > MAX_PACKET_BODY) throw new HaError('HA_PROTOCOL', `the master sent a packet of ${size} B`);
      return PACKET_HEADER_BYTES;
    }
    if (state !== HaState.HANDSHAKE)
      throw new HaError('HA_PROTOCOL', `the master sent state ${state}, expected 1 or 2`);
    if (size < 0 || size > MAX_RESPONSE_BODY || size % EPOCH_ENTRY_BYTES !== 0) {
      throw new HaError('HA_PROTOCOL', `the master sent ${size} B of epoch entries`);
    }
    const needed = RESPONSE_HEADER_BYTES + size;
    if (this.head.length < needed) {
      const larger = Buffer.alloc(needed);
      this.head.copy(larger, 0, 0, this.headBytes);
      this.head = larger;
    }
    return needed;
  }

  private headComplete(): void {
    const bytes = this.headBytes;
    this.headBytes = 0;
    if (this.head.readInt32BE(0) === HaState.HANDSHAKE) {
      this.messages.response(decodeHandshakeResponse(this.head.subarray(0, bytes)));
      return;
    }
    this.packet = decodePacketHeader(this.head);
    this.bodyLeft = this.packet.bodyBytes;
    this.messages.packet(this.packet);
  }
}
