const TWO_32 = 0x1_0000_0000;

/**
 * A big-endian i64 as a number. Values beyond 2^53 come out rounded, never as an error: what is read here is compared with
 * positions the reader knows, and content must not make a reader fail.
 */
export function readInt64(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * TWO_32 + buffer.readUInt32BE(at + 4);
}

/** @param value a safe integer */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_32), at);
  buffer.writeInt32BE(value | 0, at + 4);
}
