import * as fc from 'fast-check';
import { decodeMessages, formatProperties, parseProperties } from './message';

interface Given {
  readonly topic?: string;
  readonly body?: string;
  readonly properties?: string;
  readonly isV2?: boolean;
  readonly bornHostBytes?: 4 | 16;
  readonly storeHostBytes?: 4 | 16;
  readonly magic?: number;
}

/** One stored record, by the table of section 13.1. */
function record(given: Given = {}): Buffer {
  const { topic = 'T', body = 'hello', properties = '', isV2 = false, bornHostBytes = 4, storeHostBytes = 4 } = given;
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const long = (value: number): Buffer => {
    const bytes = Buffer.alloc(8);
    bytes.writeBigInt64BE(BigInt(value));
    return bytes;
  };
  const sized = (text: string, lengthBytes: number): Buffer => {
    const length = Buffer.alloc(lengthBytes);
    length.writeUIntBE(Buffer.byteLength(text), 0, lengthBytes);
    return Buffer.concat([length, Buffer.from(text)]);
  };
  const magic = int((given.magic ?? (isV2 ? 0xdaa320ab : 0xdaa320a7)) | 0);
  const sysFlag = (bornHostBytes === 16 ? 0x10 : 0) | (storeHostBytes === 16 ? 0x20 : 0);
  const rest = Buffer.concat([
    ...[magic, int(1), int(3), int(9), long(2 ** 40 + 1), long(2 ** 41 + 2), int(sysFlag), long(1700000000000)],
    ...[
      Buffer.alloc(bornHostBytes),
      int(1),
      long(1700000000001),
      Buffer.alloc(storeHostBytes),
      int(2),
      int(4),
      long(0),
    ],
    ...[int(Buffer.byteLength(body)), Buffer.from(body), sized(topic, isV2 ? 2 : 1), sized(properties, 2)],
  ]);
  return Buffer.concat([int(rest.length + 4), rest]);
}

describe('stored messages (21.22)', () => {
  it.each<[string, Given]>([
    ['the smallest', { topic: '', body: '' }],
    ['a topic of 127 bytes', { topic: 't'.repeat(127) }],
    ['a topic of 128 bytes, V1', { topic: 't'.repeat(128) }],
    ['a topic of 128 bytes, V2', { topic: 't'.repeat(128), isV2: true }],
    ['a topic of 255 bytes, V2', { topic: 't'.repeat(255), isV2: true }],
    ['properties of 32767 bytes', { properties: `a\u0001${'v'.repeat(32765)}` }],
    ['no body', { body: '' }],
    ['born on IPv6', { bornHostBytes: 16 }],
    ['stored on IPv6', { storeHostBytes: 16 }],
    ['both on IPv6', { bornHostBytes: 16, storeHostBytes: 16, isV2: true }],
  ])('%s', (_name, given) => {
    const [message, ...others] = decodeMessages(record(given));
    expect(others).toEqual([]);
    expect(message).toMatchObject({
      topic: given.topic ?? 'T',
      queueId: 3,
      flag: 9,
      queueOffset: 2 ** 40 + 1,
      physicalOffset: 2 ** 41 + 2,
      bornTimestamp: 1700000000000,
      storeTimestamp: 1700000000001,
      reconsumeTimes: 4,
    });
    expect(message?.body.toString()).toBe(given.body ?? 'hello');
    expect(message?.properties).toEqual(parseProperties(given.properties ?? ''));
  });

  it.each<[string, Buffer]>([
    ['unknown magic', record({ magic: 0x12345678 })],
    ['a cut record', record().subarray(0, 90)],
    ['a size beyond the answer', Buffer.concat([Buffer.from([0x7f, 0xff, 0xff, 0xff]), record().subarray(4)])],
    ['a negative size', Buffer.concat([Buffer.from([0xff, 0xff, 0xff, 0xff]), record().subarray(4)])],
  ])('ends at %s in the middle', (_name, bad) => {
    expect(decodeMessages(Buffer.concat([record(), bad, record()]))).toHaveLength(1);
  });

  it('never throws, whatever is damaged', () => {
    const good = record({ properties: 'a\u0001b\u0002', isV2: true });
    fc.assert(
      fc.property(fc.integer({ min: 8, max: good.length - 1 }), fc.nat(255), fc.nat(255), (at, value, next) => {
        const bytes = Buffer.concat([good, good]);
        bytes[at] = value;
        bytes[at + 1] = next;
        decodeMessages(bytes);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('properties text (21.23)', () => {
  it.each<[string, string, [string, string][]]>([
    [
      'as Java writes it',
      'KEYS\u0001K1\u0002WAIT\u0001true\u0002',
      [
        ['KEYS', 'K1'],
        ['WAIT', 'true'],
      ],
    ],
    ['without the last separator', 'a\u0001b', [['a', 'b']]],
    ['an empty value vanishes', 'a\u0001\u0002b\u0001c\u0002', [['b', 'c']]],
    ['an empty name vanishes', '\u0001b\u0002', []],
    ['two characters vanish', 'a\u0001\u0002', []],
    ['a separator in the value', 'a\u0001b\u0001c\u0002', [['a', 'b\u0001c']]],
    ['the last of a name wins', 'a\u0001b\u0002a\u0001c\u0002', [['a', 'c']]],
    ['no separator at all', 'nonsense', []],
    ['nothing', '', []],
  ])('%s', (_name, text, expected) => {
    expect([...parseProperties(text)]).toEqual(expected);
  });

  it('survives the way', () => {
    const word = fc.string({ minLength: 1 }).filter((text) => !text.includes('\u0001') && !text.includes('\u0002'));
    fc.assert(
      fc.property(fc.uniqueArray(fc.tuple(word, word), { selector: ([name]) => name }), (pairs) => {
        expect([...parseProperties(formatProperties(pairs))]).toEqual(pairs);
      }),
    );
  });
});
