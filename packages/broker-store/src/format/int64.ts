const TWO_32 = 0x1_0000_0000;

/**
 * A big-endian i64 as a number. Values beyond 2^53 come out rounded, never as an error: what is read here is compared with
 * positions the reader knows, and content must not make a reader fail.
 */
export function readInt64(buffer: Buffer, at: number): number {
  return readInt32(buffer, at) * TWO_32 + (readInt32(buffer, at + 4) >>> 0);
}

/** As `Buffer.readInt32BE`, in half the time: for what is read with every message. @throws RangeError */
export function readInt32(buffer: Buffer, at: number): number {
  const highest = buffer[at];
  const lowest = buffer[at + 3];
  if (highest === undefined || lowest === undefined) throw new RangeError(`bytes ${at}..${at + 4} of ${buffer.length}`);
  return (highest << 24) | ((buffer[at + 1] as number) << 16) | ((buffer[at + 2] as number) << 8) | lowest;
}

/** @param value a safe integer */
export function writeInt64(buffer: Buffer, value: number, at: number): void {
  buffer.writeInt32BE(Math.floor(value / TWO_32), at);
  buffer.writeInt32BE(value | 0, at + 4);
}
