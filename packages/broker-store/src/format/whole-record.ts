import type { Checksums } from '@batonmq/host';
import { FOUND, type RecordHeader } from './record';

/**
 * Whether the record at `at` is one that the log may have at `offset`: its frame holds together, it says that it lies there,
 * and its body has its CRC.
 * @param available bytes from `at` on   @returns its size, or one of FOUND; its fields are in `header`
 */
export function wholeRecord(
  header: RecordHeader,
  buffer: Buffer,
  at: number,
  available: number,
  offset: number,
  checksums: Pick<Checksums, 'crc32'>,
): number {
  const found = header.read(buffer, at, available);
  if (found <= 0) return found;
  const crc = checksums.crc32(buffer.subarray(header.bodyStart, header.bodyEnd)) & 0x7fff_ffff;
  return header.physicalOffset === offset && crc === header.bodyCrc ? found : FOUND.bad;
}
