import * as fc from 'fast-check';
import { nodeChecksums } from '@batonmq/host';
import { RECORD_OFFSET, oneRecord } from '../../test/one-record';
import { PROPERTY_CRC_BYTES, propertyCrcBefore, writePropertyCrc } from './property-crc';
import { FOUND, RecordHeader } from './record';
import { RecordCheck } from './record-check';

const encode = (properties: string, own?: Buffer): Buffer => oneRecord({ properties, own, withCrc: true });

const check = new RecordCheck(nodeChecksums, true);
const verdict = (bytes: Buffer, by = check): number =>
  by.size(new RecordHeader(), bytes, 0, bytes.length, RECORD_OFFSET);

describe('the CRC of a record', () => {
  it('stands as store-format.md 18.1 has it', () => {
    const record = encode(
      'KEYS\u0001order-7\u0002UNIQ_KEY\u00017F0000010BB818B4AAC2125C5B5B0000\u0002TAGS\u0001TagA\u0002',
    );
    expect([record.readInt32BE(0), record.length, record.readInt16BE(103)]).toEqual([190, 190, 85]);
    expect(record.subarray(170).toString('hex')).toBe('5f5f43524333322301343434393433353536310' + '2');
    expect(propertyCrcBefore(record, record.length)).toBe(1_655_349_444);
    expect(verdict(record)).toBe(190);
  });

  it.each<[string, string, string | undefined, string]>([
    ['no properties', '', undefined, ''],
    ['a last pair that is not closed', 'A\u0001b', undefined, 'A\u0001b\u0002'],
    ['those of a message of a batch', '', 'A\u0001b', 'A\u0001b\u0002'],
    ['those of a batch and of its message', 'C\u0001d', 'A\u0001b', 'A\u0001b\u0002C\u0001d\u0002'],
    ['an empty message of a batch', '', '', ''],
  ])('stands behind %s', (_name, properties, own, before) => {
    const record = encode(properties, own === undefined ? undefined : Buffer.from(own));
    expect(record.subarray(105, record.length - PROPERTY_CRC_BYTES).toString()).toBe(before);
    expect(verdict(record)).toBe(record.length);
  });

  it('is read as it was written, whatever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0x7fff_ffff }), (crc) => {
        const bytes = Buffer.alloc(PROPERTY_CRC_BYTES + 3);
        writePropertyCrc(bytes, 3, crc);
        expect(propertyCrcBefore(bytes, bytes.length)).toBe(crc);
        expect(propertyCrcBefore(bytes, bytes.length - 1)).toBeUndefined();
      }),
    );
  });

  it('shows any flipped bit; the CRC of the body shows those of the body and what the frame needs', () => {
    const record = encode('TAGS\u0001TagA\u0002');
    const byBody = new RecordCheck(nodeChecksums, false);
    let unseen = 0;
    for (let bit = 0; bit < (record.length - PROPERTY_CRC_BYTES) * 8; bit++) {
      const flipped = Buffer.from(record);
      flipped[bit >> 3] = (flipped[bit >> 3] as number) ^ (1 << (bit & 7));
      expect([bit, verdict(flipped) > 0]).toEqual([bit, false]);
      if (verdict(flipped, byBody) > 0) unseen++;
    }
    expect(unseen).toBeGreaterThan(300);
  });

  it('is not missed where it is not', () => {
    const record = oneRecord({ topic: 'T', body: Buffer.alloc(0), properties: 'A\u0001b\u0002' });
    expect(verdict(record)).toBe(record.length);
    expect(verdict(record.subarray(0, 50))).toBe(FOUND.incomplete);
  });
});
