import * as fc from 'fast-check';
import { deliveryTime, parseDelayLevels } from './delay-levels';
import { readInt32, readInt64, writeInt64 } from './int64';
import { formatIp, parseIp } from './ip';
import { indexHash, javaHash, javaHashOfBytes } from './java-hash';
import { messageIdPrefix, offsetMessageId, parseOffsetMessageId } from './message-id';
import { PropertyPlaces, decodeProperties, encodeProperties } from './properties';
import { writeUnit } from './queue-unit';

describe('readInt32', () => {
  it('reads what Buffer reads, and refuses what it refuses', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 12 }), fc.integer({ min: -8, max: 12 }), (content, at) => {
        const bytes = Buffer.from(content);
        if (at >= 0 && at + 4 <= bytes.length) expect(readInt32(bytes, at)).toBe(bytes.readInt32BE(at));
        else expect(() => readInt32(bytes, at)).toThrow(RangeError);
      }),
    );
  });
});

describe('javaHash', () => {
  it.each([
    ['', 0],
    ['TagA', 2598919],
    ['polygenelubricants', -2147483648],
    ['标签', 857175],
    ['😀', 1772899],
    ['TopicTest#7F0000010BB818B4AAC2125C5B5B0000', -674269013],
    ['TopicTest#order-7', -1829193418],
  ])('%j is %d', (text, hash) => {
    expect(javaHash(text)).toBe(hash);
    const bytes = Buffer.from(text);
    expect(javaHashOfBytes(bytes, 0, bytes.length)).toBe(hash);
  });

  it('has no index hash of its smallest value', () => {
    expect(indexHash(javaHash('polygenelubricants'))).toBe(0);
    expect(indexHash(-674269013)).toBe(674269013);
  });
});

describe('int64', () => {
  it('writes what Java reads', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (value) => {
        const bytes = Buffer.alloc(8);
        writeInt64(bytes, value, 0);
        expect(bytes.readBigInt64BE(0)).toBe(BigInt(value));
        expect(readInt64(bytes, 0)).toBe(value);
      }),
    );
  });
});

describe('queue unit of store-format.md 18.2', () => {
  const unit = Buffer.alloc(20);
  it('is written byte for byte', () => {
    writeUnit(unit, 0, 0x40001000, 170, 2598919);
    expect(unit.toString('hex')).toBe('0000000040001000000000aa000000000027a807');
  });
  it('sign-extends tag hashes', () => {
    writeUnit(unit, 0, 0, 1, -2147483648);
    expect(unit.toString('hex', 12)).toBe('ffffffff80000000');
  });
});

describe('properties', () => {
  const name = fc
    .string({ minLength: 1, maxLength: 8 })
    .filter((text) => !text.includes('\u0001') && !text.includes('\u0002'));

  it('come back', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(name, name), { selector: ([key]) => key }), (pairs) => {
        expect(decodeProperties(encodeProperties(new Map(pairs)))).toEqual(new Map(pairs));
        expect(decodeProperties(encodeProperties(new Map(pairs)).slice(0, -1)).size).toBe(pairs.length);
      }),
    );
  });

  it('lose pairs without name or value; the last of a name counts', () => {
    const text = 'a\u00011\u0002\u0001x\u0002b\u0001\u0002c\u0002a\u00012\u0002';
    expect(decodeProperties(text)).toEqual(new Map([['a', '2']]));
  });

  it('are found in bytes by the same rules', () => {
    const places = new PropertyPlaces();
    const pair = fc.tuple(
      fc.constantFrom('TAGS', 'KEYS', 'UNIQ_KEY', 'DELAY', 'X', ''),
      fc.constantFrom('', 'v', '3', 'abc'),
    );
    fc.assert(
      fc.property(fc.array(pair), fc.boolean(), (pairs, last) => {
        let text = pairs.map(([key, value]) => `${key}\u0001${value}\u0002`).join('');
        if (!last) text = text.slice(0, -1);
        const bytes = Buffer.from(`##${text}`);
        places.scan(bytes, 2, bytes.length);
        const wanted = decodeProperties(text);
        const got = (start: number, end: number): string | undefined =>
          start === 0 ? undefined : bytes.toString('utf8', start, end);
        expect(got(places.tagsStart, places.tagsEnd)).toBe(wanted.get('TAGS'));
        expect(got(places.keysStart, places.keysEnd)).toBe(wanted.get('KEYS'));
        expect(got(places.uniqueKeyStart, places.uniqueKeyEnd)).toBe(wanted.get('UNIQ_KEY'));
        expect(got(places.delayStart, places.delayEnd)).toBe(wanted.get('DELAY'));
      }),
    );
  });
});

describe('message ids', () => {
  it('are those of store-format.md 18.1', () => {
    const id = offsetMessageId(messageIdPrefix(parseIp('192.168.0.10') as Buffer, 10911), 0x40001000);
    expect(id).toBe('C0A8000A00002A9F0000000040001000');
    expect(parseOffsetMessageId(id)).toEqual({ host: '192.168.0.10', port: 10911, physicalOffset: 0x40001000 });
  });
  it('of other texts are refused', () => {
    expect(() => parseOffsetMessageId('C0A8')).toThrow(expect.objectContaining({ code: 'BAD_OPTION' }));
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1', '7f000001'],
    ['::1', '00000000000000000000000000000001'],
    ['fe80::1%eth0', 'fe800000000000000000000000000001'],
    ['::ffff:10.0.0.1', '0a000001'],
    ['1:2:3:4:5:6:7:8', '00010002000300040005000600070008'],
  ])('%s', (text, hex) => expect(parseIp(text)?.toString('hex')).toBe(hex));
  it.each(['localhost', '1.2.3', '256.1.1.1', '1::2::3', ':::', '1:2'])('%s is none', (text) =>
    expect(parseIp(text)).toBeUndefined(),
  );
  it('print as Java does', () => expect(formatIp(parseIp('::1') as Buffer, 0, 16)).toBe('0:0:0:0:0:0:0:1'));
});

describe('delay levels', () => {
  it('are parsed, capped, and computed', () => {
    const levels = parseDelayLevels('1s 5s 10s 2h');
    expect(levels).toEqual([1000, 5000, 10000, 7_200_000]);
    expect(deliveryTime(levels, 3, 1_700_000_000_123)).toBe(1_700_000_010_123);
    expect(deliveryTime(levels, 99, 0)).toBe(7_200_000);
    expect(parseDelayLevels('  1s   10m 1d ')).toEqual([1000, 600_000, 86_400_000]);
    for (const text of ['1s 5', 's', '', '1.5s', '-1s'])
      expect(() => parseDelayLevels(text)).toThrow(/messageDelayLevel/);
    expect(() => parseDelayLevels('1s 5x')).toThrow(/5x/);
  });
});
