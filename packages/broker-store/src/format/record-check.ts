import type { Checksums } from '@batonmq/host';
import { PROPERTY_CRC_BYTES, propertyCrcBefore } from './property-crc';
import { FOUND, type RecordHeader } from './record';

/** Whether what looks like a record is what was written there: by the CRC of its body, and by that of all of it where it has one. */
export class RecordCheck {
  /** @param wholeRecord by the CRC in the properties too; a record without one is judged by its body, as all are otherwise */
  constructor(
    private readonly checksums: Pick<Checksums, 'crc32'>,
    private readonly wholeRecord: boolean,
  ) {}

  /** @param header of the record at `at` of `buffer`, which has all of it */
  holds(header: RecordHeader, buffer: Buffer, at: number): boolean {
    const body = this.crc(buffer, header.bodyStart, header.bodyEnd);
    if (body !== header.bodyCrc) return false;
    if (!this.wholeRecord) return true;
    const end = at + header.size;
    const written = end - header.propertiesStart < PROPERTY_CRC_BYTES ? undefined : propertyCrcBefore(buffer, end);
    return written === undefined || written === this.crc(buffer, at, end - PROPERTY_CRC_BYTES);
  }

  /**
   * The record at `at`, if the log may have it at `offset`: its frame holds together, it says that it lies there, and `holds`.
   * @param available bytes from `at` on   @returns its size, or one of FOUND; its fields are in `header`
   */
  size(header: RecordHeader, buffer: Buffer, at: number, available: number, offset: number): number {
    const found = header.read(buffer, at, available);
    if (found <= 0) return found;
    return header.physicalOffset === offset && this.holds(header, buffer, at) ? found : FOUND.bad;
  }

  private crc(buffer: Buffer, start: number, end: number): number {
    return this.checksums.crc32(buffer.subarray(start, end)) & 0x7fff_ffff;
  }
}
