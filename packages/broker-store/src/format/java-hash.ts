/** `String.hashCode` of Java: h = 31 h + c over UTF-16 units, signed 32 bit. `seed` continues an earlier hash. */
export function javaHash(text: string, seed = 0): number {
  let hash = seed;
  for (let i = 0; i < text.length; i++) hash = (Math.imul(31, hash) + text.charCodeAt(i)) | 0;
  return hash;
}

/** The same of UTF-8 bytes, without making a string as long as they are ASCII. */
export function javaHashOfBytes(bytes: Buffer, start: number, end: number, seed = 0): number {
  let hash = seed;
  for (let i = start; i < end; i++) {
    const byte = bytes[i] as number;
    if (byte >= 0x80) return javaHash(bytes.toString('utf8', start, end), seed);
    hash = (Math.imul(31, hash) + byte) | 0;
  }
  return hash;
}

/** IndexFile.indexKeyHashMethod: the absolute value; that of -2^31 does not exist and becomes 0. */
export function indexHash(hash: number): number {
  return hash === -0x8000_0000 ? 0 : Math.abs(hash);
}
