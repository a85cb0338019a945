import * as fc from 'fast-check';
import { oneRecord } from '../../test/one-record';
import { decodeMessage } from './decode-message';
import { readdressed } from './readdress';
import { FOUND, RecordHeader } from './record';

const BODY = Buffer.from('hello');
const PROPERTIES = 'KEYS\u0001order-7\u0002UNIQ_KEY\u00017F0000010BB818B4AAC2125C5B5B0000\u0002TAGS\u0001TagA\u0002';
/** store-format.md 18.1 */
const WORKED = Buffer.from(
  `000000aadaa320a73610a686000000030000000000000000 0000002a00000000400010000000000000 00018bcfe56800
   7f0000010000cb840000018bcfe5687bc0a8000a00002a9f0000000000000000000000000000000568656c6c6f09546f
   70696354657374 00414b455953016f72 6465722d3702554e49515f4b455901374630303030303130424238313842 34
   41414332313235433542354230303030 0254414753015461674102`.replace(/\s/g, ''),
  'hex',
);

const encode = (topic: string, bornIp: string, properties: string, body = BODY, storeIp = '192.168.0.10'): Buffer =>
  oneRecord({ topic, bornIp, storeIp, properties, body });

describe('the record of store-format.md 18.1', () => {
  it('is written byte for byte', () => {
    expect(encode('TopicTest', '127.0.0.1', PROPERTIES).toString('hex')).toBe(WORKED.toString('hex'));
  });

  it('is read back', () => {
    expect(decodeMessage(WORKED)).toMatchObject({
      totalSize: 170,
      version: 1,
      bodyCrc: 907060870,
      topic: 'TopicTest',
      queueId: 3,
      queueOffset: 42,
      physicalOffset: 1073745920,
      bornHost: { host: '127.0.0.1', port: 52100 },
      storeTimestamp: 1700000000123,
      storeHost: { host: '192.168.0.10', port: 10911 },
      properties: PROPERTIES,
    });
  });

  it('shifts by 12 with an IPv6 born host, and sets the bit', () => {
    const bytes = encode('TopicTest', '2001:db8::1', PROPERTIES);
    expect(bytes.readInt32BE(0)).toBe(182);
    expect(bytes.readInt32BE(36)).toBe(0x10);
    expect(Number(bytes.readBigInt64BE(68))).toBe(1700000000123);
    expect(decodeMessage(bytes).bornHost).toEqual({ host: '2001:db8:0:0:0:0:0:1', port: 52100 });
  });

  it('is of version 2 with more than 127 characters of topic', () => {
    const topic = `%RETRY%${'g'.repeat(200)}`;
    const bytes = encode(topic, '127.0.0.1', '');
    expect(bytes.readInt32BE(4)).toBe(-626843477);
    expect(decodeMessage(bytes)).toMatchObject({ version: 2, topic });
    expect(encode('t'.repeat(127), '127.0.0.1', '').readInt32BE(4)).toBe(-626843481);
  });
});

describe('RecordHeader', () => {
  const hosts = fc.constantFrom('10.0.0.1', '2001:db8::5');

  it('reads what RecordEncoder writes', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 127 }).filter((topic) => Buffer.byteLength(topic) <= 127),
        hosts,
        hosts,
        fc.uint8Array({ maxLength: 300 }),
        fc.string({ unit: 'binary', maxLength: 200 }),
        (topic, born, store, body, properties) => {
          const bytes = encode(topic, born, properties, Buffer.from(body), store);
          const decoded = decodeMessage(bytes);
          expect(decoded.topic).toBe(topic);
          expect([...decoded.body]).toEqual([...body]);
          expect(decoded.properties).toBe(Buffer.from(properties).toString());
          expect(decoded.storeHost.port).toBe(10911);
        },
      ),
    );
  });

  it('never takes a part of a record for a record', () => {
    const header = new RecordHeader();
    for (let cut = 0; cut < WORKED.length; cut++) expect(header.read(WORKED, 0, cut)).toBe(FOUND.incomplete);
    expect(header.read(WORKED, 0, WORKED.length)).toBe(WORKED.length);
  });

  it('survives any bytes', () => {
    const header = new RecordHeader();
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(169), fc.nat(255)), { maxLength: 6 }), (changes) => {
        const bytes = Buffer.from(WORKED);
        for (const [at, value] of changes) bytes[at] = value;
        expect(header.read(bytes, 0, bytes.length)).toBeGreaterThanOrEqual(FOUND.bad);
      }),
      { numRuns: 1000 },
    );
  });
});

describe('a record with another address', () => {
  it.each([
    ['a shorter topic', 'T', 1],
    ['a longer one', 'x'.repeat(127), 1],
    ['one that needs the second version', 'x'.repeat(128), 2],
  ])('of %s has the rest as it was', (_what, topic, version) => {
    const { totalSize, ...original } = decodeMessage(WORKED);
    const copy = decodeMessage(readdressed(WORKED, topic, 7));
    expect(copy).toEqual({
      ...original,
      topic,
      queueId: 7,
      version,
      totalSize: totalSize - 'TopicTest'.length + topic.length + version - 1,
    });
  });

  it('is read back from the second version too', () => {
    const long = readdressed(WORKED, 'x'.repeat(200), 7);
    expect(readdressed(long, 'TopicTest', 3).equals(WORKED)).toBe(true);
  });

  it('needs a whole record', () => {
    expect(() => readdressed(WORKED.subarray(0, 100), 'T', 0)).toThrow(/no whole message record/);
  });
});
