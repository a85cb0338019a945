import { readInt64, writeInt64 } from '../format/int64';

/**
 * A node of the timer log: one message, linked to the one put into its slot before it. Big-endian. @source TimerLog
 *
 *     0          4               12         16               24            28         36         40              44
 *     | 52  i32  | previous i64  | bits i32 | write time i64 | delta i32   | phy i64  | size i32 | topic hash i32 | 0 i64
 *
 * `write time` + `delta` is the time of the slot; `previous` is -1 for the first of a slot.
 */
export const NODE_BYTES = 52;
/** Ends a file whose rest is too short: i32 bytes left, i64 0, i32 blank magic. */
export const BLANK_NODE_BYTES = 16;
const BLANK_MAGIC = 0xcbd43194 | 0;

/** Bits of a node. */
export const NODE_BIT = { always: 1, roll: 2, remove: 4 } as const;
const KNOWN_BITS = 0xf;

export type NodeKind = 'node' | 'blank' | 'bad';

/** Reads nodes in place; one object is reused for all. */
export class NodeView {
  previous = -1;
  bits = 0;
  /** Time of the slot, in milliseconds. */
  slotMs = 0;
  phy = 0;
  size = 0;
  topicHash = 0;

  /** Fields mean something when it returns `node`. */
  read(bytes: Buffer, at: number, end: number): NodeKind {
    if (at + BLANK_NODE_BYTES > end) return 'bad';
    if (bytes.readInt32BE(at + 12) === BLANK_MAGIC) return 'blank';
    if (at + NODE_BYTES > end || bytes.readInt32BE(at) !== NODE_BYTES) return 'bad';
    this.bits = bytes.readInt32BE(at + 12);
    if ((this.bits | KNOWN_BITS) !== KNOWN_BITS) return 'bad';
    this.previous = readInt64(bytes, at + 4);
    this.slotMs = readInt64(bytes, at + 16) + bytes.readInt32BE(at + 24);
    this.phy = readInt64(bytes, at + 28);
    this.size = bytes.readInt32BE(at + 36);
    this.topicHash = bytes.readInt32BE(at + 40);
    return 'node';
  }
}

/** @param slotMs at most 2^31 - 1 ms behind `writeMs` */
export function writeNode(
  target: Buffer,
  at: number,
  previous: number,
  bits: number,
  writeMs: number,
  slotMs: number,
  phy: number,
  size: number,
  topicHash: number,
): void {
  target.writeInt32BE(NODE_BYTES, at);
  writeInt64(target, previous, at + 4);
  target.writeInt32BE(bits, at + 12);
  writeInt64(target, writeMs, at + 16);
  target.writeInt32BE(slotMs - writeMs, at + 24);
  writeInt64(target, phy, at + 28);
  target.writeInt32BE(size, at + 36);
  target.writeInt32BE(topicHash, at + 40);
  writeInt64(target, 0, at + 44);
}

export function blankNode(bytesLeft: number): Buffer {
  const blank = Buffer.alloc(BLANK_NODE_BYTES);
  blank.writeInt32BE(bytesLeft, 0);
  blank.writeInt32BE(BLANK_MAGIC, 12);
  return blank;
}

/** Place of the last full node in a file of this size. @source TimerLog.getOffsetForLastUnit */
export function lastNodePlace(fileSize: number): number {
  return fileSize - ((fileSize - BLANK_NODE_BYTES) % NODE_BYTES) - BLANK_NODE_BYTES - NODE_BYTES;
}
