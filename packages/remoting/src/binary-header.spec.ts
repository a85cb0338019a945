import { binaryHeader, readBinaryHeader } from './binary-header';

/** A header with a map of its own. */
function header(
  map: Buffer,
  options: { code?: number; remark?: string; mapBytes?: number; remarkBytes?: number; language?: number } = {},
) {
  const remark = Buffer.from(options.remark ?? '');
  const bytes = Buffer.alloc(21 + remark.length + map.length);
  bytes.writeInt16BE(options.code ?? 105, 0);
  bytes.writeUInt8(options.language ?? 0, 2);
  bytes.writeInt32BE(options.remarkBytes ?? remark.length, 13);
  remark.copy(bytes, 17);
  bytes.writeInt32BE(options.mapBytes ?? map.length, 17 + remark.length);
  map.copy(bytes, 21 + remark.length);
  return bytes;
}

function entry(name: string, value: string, lengths: { key?: number; value?: number } = {}): Buffer {
  const bytes = Buffer.alloc(6 + Buffer.byteLength(name) + Buffer.byteLength(value));
  bytes.writeInt16BE(lengths.key ?? Buffer.byteLength(name), 0);
  bytes.write(name, 2);
  bytes.writeInt32BE(lengths.value ?? Buffer.byteLength(value), 2 + Buffer.byteLength(name));
  bytes.write(value, 6 + Buffer.byteLength(name));
  return bytes;
}

const read = (bytes: Buffer) => readBinaryHeader(bytes, undefined);

describe('binary headers (21.6)', () => {
  it.each([
    ['no remark, no map', header(Buffer.alloc(0)), { remark: undefined, extFields: {} }],
    ['a remark', header(Buffer.alloc(0), { remark: 'größer' }), { remark: 'größer' }],
    ['an empty value is an absent one', header(entry('a', '')), { extFields: { a: undefined } }],
    ['the last of a name wins', header(Buffer.concat([entry('a', '1'), entry('a', '2')])), { extFields: { a: '2' } }],
    ['a key of 32767 bytes', header(entry('k'.repeat(32767), 'v')), { extFields: { ['k'.repeat(32767)]: 'v' } }],
    [
      'bytes after the map are not the body',
      header(entry('a', '1'), { mapBytes: 8 - 8 }),
      { extFields: {}, body: undefined },
    ],
    ['a cut pop code', header(Buffer.alloc(0), { code: 3442 }), { code: 200050 }],
    ['another cut pop code', header(Buffer.alloc(0), { code: 3543 }), { code: 200151 }],
    ['an unknown language', header(Buffer.alloc(0), { language: 200 }), { language: 'OTHER' }],
  ])('%s', (_name, bytes, expected) => {
    expect(read(bytes)).toMatchObject(expected);
  });

  it.each([
    ['20 bytes', Buffer.alloc(20)],
    ['a negative remark', header(Buffer.alloc(0), { remarkBytes: -1 })],
    ['a remark beyond the header', header(Buffer.alloc(0), { remarkBytes: 1 })],
    ['a negative map', header(Buffer.alloc(0), { mapBytes: -1 })],
    ['a map beyond the header', header(Buffer.alloc(0), { mapBytes: 1 })],
    ['an entry cut in its first byte', header(Buffer.alloc(1))],
    ['a negative key', header(entry('a', 'b', { key: -1 }))],
    ['a key beyond the map', header(entry('a', 'b', { key: 100 }))],
    ['a negative value', header(entry('a', 'b', { value: -1 }))],
    ['a value beyond the map', header(entry('a', 'b', { value: 2 }))],
  ])('closes the connection: %s', (_name, bytes) => {
    expect(() => read(bytes)).toThrow(expect.objectContaining({ code: 'HEADER_MALFORMED' }));
  });

  it('leaves out what is undefined, cuts codes as Java does, refuses keys that cannot be written', () => {
    const bytes = binaryHeader(200050, 1, 0, 479, 'JAVA', undefined, { a: undefined, b: '' });
    expect(bytes.readInt16BE(0)).toBe(3442);
    expect(read(bytes)).toMatchObject({ code: 200050, extFields: { b: undefined } });
    expect(() => binaryHeader(1, 1, 0, 479, 'JAVA', undefined, { ['k'.repeat(32768)]: 'v' })).toThrow(
      expect.objectContaining({ code: 'HEADER_MALFORMED' }),
    );
  });
});
