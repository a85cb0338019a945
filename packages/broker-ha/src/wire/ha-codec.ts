import type { EpochEntry } from '../epochs/epoch-entry';
import { readInt64, writeInt64 } from './int64';

/** States of an HA connection; the numbers are the first field of every message. @source HAConnectionState */
export const HaState = { READY: 0, HANDSHAKE: 1, TRANSFER: 2, SUSPEND: 3, SHUTDOWN: 4 } as const;

export const HANDSHAKE_BYTES = 16;
export const RESPONSE_HEADER_BYTES = 20;
export const EPOCH_ENTRY_BYTES = 12;
export const PACKET_HEADER_BYTES = 36;
export const REPORT_BYTES = 12;
/** The Java slave's read buffer takes header and body. */
export const MAX_BODY_BYTES = 4 * 1024 * 1024 - PACKET_HEADER_BYTES;
/** The Java master's buffer for entries holds 12,000 bytes. */
export const MAX_EPOCHS_SENT = 1000;

/** Slave to master, first message. */
export interface Handshake {
  readonly brokerId: number;
  readonly syncFromLastFile: boolean;
  readonly asyncLearner: boolean;
}

/** Master to slave, answer to the handshake. */
export interface HandshakeResponse {
  readonly maxOffset: number;
  /** Last epoch of the master's epoch file, -1 if it is empty. */
  readonly lastEpoch: number;
  readonly epochs: readonly EpochEntry[];
}

/** Master to slave: what stands before log bytes, or alone (`bodyBytes` 0) as heartbeat. */
export interface PacketHeader {
  readonly bodyBytes: number;
  /** Of the first body byte; in a heartbeat the next one to be sent, -1 when none yet. */
  readonly offset: number;
  readonly epoch: number;
  readonly epochStart: number;
  readonly confirmOffset: number;
}

/**
 *     0        4             6          8              16
 *     | 1 i32  | last file   | learner  | broker id    |      flags: 1 = yes, anything else = no
 */
export function encodeHandshake(handshake: Handshake): Buffer {
  const bytes = Buffer.alloc(HANDSHAKE_BYTES);
  bytes.writeInt32BE(HaState.HANDSHAKE, 0);
  bytes.writeInt16BE(handshake.syncFromLastFile ? 1 : 0, 4);
  bytes.writeInt16BE(handshake.asyncLearner ? 1 : 0, 6);
  writeInt64(bytes, handshake.brokerId, 8);
  return bytes;
}

export function decodeHandshake(bytes: Buffer, at = 0): Handshake {
  return {
    syncFromLastFile: bytes.readInt16BE(at + 4) === 1,
    asyncLearner: bytes.readInt16BE(at + 6) === 1,
    brokerId: readInt64(bytes, at + 8),
  };
}

/**
 *     0        4          8              16          20            24             32
 *     | 1 i32  | 12n i32  | max offset   | last epoch | epoch i32  | start i64  | ...
 */
export function encodeHandshakeResponse(response: HandshakeResponse): Buffer {
  const epochs = response.epochs.slice(-MAX_EPOCHS_SENT);
  const bytes = Buffer.alloc(RESPONSE_HEADER_BYTES + EPOCH_ENTRY_BYTES * epochs.length);
  bytes.writeInt32BE(HaState.HANDSHAKE, 0);
  bytes.writeInt32BE(EPOCH_ENTRY_BYTES * epochs.length, 4);
  writeInt64(bytes, response.maxOffset, 8);
  bytes.writeInt32BE(response.lastEpoch, 16);
  let at = RESPONSE_HEADER_BYTES;
  for (const entry of epochs) {
    bytes.writeInt32BE(entry.epoch, at);
    writeInt64(bytes, entry.startOffset, at + 4);
    at += EPOCH_ENTRY_BYTES;
  }
  return bytes;
}

/** `bytes` is one whole response. */
export function decodeHandshakeResponse(bytes: Buffer): HandshakeResponse {
  const epochs: EpochEntry[] = [];
  for (let at = RESPONSE_HEADER_BYTES; at < bytes.length; at += EPOCH_ENTRY_BYTES) {
    epochs.push({ epoch: bytes.readInt32BE(at), startOffset: readInt64(bytes, at + 4) });
  }
  return { maxOffset: readInt64(bytes, 8), lastEpoch: bytes.readInt32BE(16), epochs };
}

/**
 *     0        4           8         16          20             28               36
 *     | 2 i32  | body i32  | offset  | epoch i32 | epoch start  | confirm offset | body ...
 */
export function encodePacketHeader(header: PacketHeader): Buffer {
  const bytes = Buffer.allocUnsafe(PACKET_HEADER_BYTES);
  bytes.writeInt32BE(HaState.TRANSFER, 0);
  bytes.writeInt32BE(header.bodyBytes, 4);
  writeInt64(bytes, header.offset, 8);
  bytes.writeInt32BE(header.epoch, 16);
  writeInt64(bytes, header.epochStart, 20);
  writeInt64(bytes, header.confirmOffset, 28);
  return bytes;
}

export function decodePacketHeader(bytes: Buffer, at = 0): PacketHeader {
  return {
    bodyBytes: bytes.readInt32BE(at + 4),
    offset: readInt64(bytes, at + 8),
    epoch: bytes.readInt32BE(at + 16),
    epochStart: readInt64(bytes, at + 20),
    confirmOffset: readInt64(bytes, at + 28),
  };
}

/**
 *     0        4              12
 *     | 2 i32  | max offset   |
 */
export function encodeReport(maxOffset: number): Buffer {
  const bytes = Buffer.allocUnsafe(REPORT_BYTES);
  bytes.writeInt32BE(HaState.TRANSFER, 0);
  writeInt64(bytes, maxOffset, 4);
  return bytes;
}
