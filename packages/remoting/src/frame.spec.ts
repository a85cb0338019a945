import * as fc from 'fast-check';
import { binaryHeader } from './binary-header';
import type { ExtFields, RemotingCommand } from './command';
import { FrameReader, MAX_FRAME_BYTES, decodeFrame, encodeFrame, type OutgoingFrame } from './frame';
import { jsonHeaderText } from './json-header';

const hex = (text: string): Buffer => Buffer.from(text.replace(/\s/g, ''), 'hex');

const encoded = (frame: OutgoingFrame): Buffer => {
  const parts: Buffer[] = [];
  encodeFrame(frame, (bytes) => parts.push(bytes));
  return Buffer.concat(parts);
};

const framed = (codec: number, header: Buffer | string, body: Buffer | string = ''): Buffer => {
  const start = Buffer.alloc(8);
  start.writeUInt32BE(4 + Buffer.byteLength(header) + Buffer.byteLength(body), 0);
  start.writeUInt32BE(Buffer.byteLength(header), 4);
  start.writeUInt8(codec, 4);
  return Buffer.concat([start, Buffer.from(header), Buffer.from(body)]);
};

const readAll = (chunks: readonly Buffer[], maxFrameBytes?: number): RemotingCommand[] => {
  const reader = new FrameReader(maxFrameBytes);
  const commands: RemotingCommand[] = [];
  for (const chunk of chunks) reader.push(chunk, (command) => commands.push(command));
  return commands;
};

const codeFrom = (work: () => unknown): string => {
  try {
    work();
    return 'ok';
  } catch (error) {
    return (error as { code: string }).code;
  }
};

/** The frames of section 18 of the protocol description, as Java wrote them. */
const workedFrames = {
  'A: 105 in JSON': {
    bytes: hex(`000000a7 000000a3
      7b22636f6465223a3130352c226578744669656c6473223a7b22746f706963223a22546f70696354657374222c22616363657074
      5374616e646172644a736f6e4f6e6c79223a2274727565227d2c22666c6167223a302c226c616e6775616765223a224a41564122
      2c226f7061717565223a372c2273657269616c697a655479706543757272656e74525043223a224a534f4e222c2276657273696f
      6e223a3437397d`),
    command: {
      code: 105,
      opaque: 7,
      flag: 0,
      remark: undefined,
      extFields: { topic: 'TopicTest', acceptStandardJsonOnly: 'true' },
      body: undefined,
      serializeType: 'JSON',
    },
  },
  'B: 105 in binary': {
    bytes: hex(`0000004d 01000049 0069 00 01df 00000007 00000000 00000000 00000034
      0005 746f706963 00000009 546f70696354657374
      0016 6163636570745374616e646172644a736f6e4f6e6c79 00000004 74727565`),
    command: {
      code: 105,
      opaque: 7,
      flag: 0,
      remark: undefined,
      extFields: { topic: 'TopicTest', acceptStandardJsonOnly: 'true' },
      body: undefined,
      serializeType: 'ROCKETMQ',
    },
  },
  'C: answer 17': {
    bytes: hex(`00000078 00000074
      7b22636f6465223a31372c22666c6167223a312c226c616e6775616765223a224a415641222c226f7061717565223a372c227265
      6d61726b223a224e6f20746f706963222c2273657269616c697a655479706543757272656e74525043223a224a534f4e222c2276
      657273696f6e223a3437397d`),
    command: {
      code: 17,
      opaque: 7,
      flag: 1,
      remark: 'No topic',
      extFields: {},
      body: undefined,
      serializeType: 'JSON',
    },
  },
  'D: one-way heartbeat': {
    bytes: hex(`00000066 00000060
      7b22636f6465223a33342c22666c6167223a322c226c616e6775616765223a224a415641222c226f7061717565223a382c227365
      7269616c697a655479706543757272656e74525043223a224a534f4e222c2276657273696f6e223a3437397d 0102`),
    command: {
      code: 34,
      opaque: 8,
      flag: 2,
      remark: undefined,
      extFields: {},
      body: Buffer.from([1, 2]),
      serializeType: 'JSON',
    },
  },
} as const;

describe.each(Object.entries(workedFrames))('worked frame %s', (_name, { bytes, command }) => {
  it('is read', () => {
    expect(decodeFrame(bytes, 0, bytes.length)).toEqual({ ...command, version: 479, language: 'JAVA' });
  });

  it('is written with the same bytes', () => {
    const { code, opaque, flag, remark } = command;
    const fields: ExtFields | undefined = Object.keys(command.extFields).length === 0 ? undefined : command.extFields;
    const header =
      command.serializeType === 'JSON'
        ? jsonHeaderText(code, opaque, flag, 479, 'JAVA', remark, fields)
        : binaryHeader(code, opaque, flag, 479, 'JAVA', remark, fields);
    expect(framed(command.serializeType === 'JSON' ? 0 : 1, header, command.body).toString('hex')).toBe(
      bytes.toString('hex'),
    );
  });

  it('survives our writer, apart from the language', () => {
    const { extFields, body, ...rest } = command;
    const again = encoded({ ...rest, header: extFields, ...(body === undefined ? {} : { body }) });
    expect(decodeFrame(again, 0, again.length)).toEqual({ ...command, version: 479, language: 'OTHER' });
  });
});

describe('bad frames (21.2 to 21.4)', () => {
  const word = (...values: number[]): Buffer => {
    const bytes = Buffer.alloc(4 * values.length);
    values.forEach((value, index) => bytes.writeUInt32BE(value >>> 0, 4 * index));
    return bytes;
  };
  it.each([
    ['length 0', word(0), 'FRAME_MALFORMED'],
    ['length 3', word(3), 'FRAME_MALFORMED'],
    ['length 4: no header at all', word(4, 0), 'HEADER_MALFORMED'],
    ['length 5 with a header of 2', Buffer.concat([word(5, 2), Buffer.from('{')]), 'FRAME_MALFORMED'],
    ['the largest length waits for its bytes', word(16777212), 'ok'],
    ['one more is refused before any byte of it', word(16777213), 'FRAME_TOO_LARGE'],
    ['length 0x80000000', word(0x80000000), 'FRAME_TOO_LARGE'],
    ['length 0xFFFFFFFF', word(0xffffffff), 'FRAME_TOO_LARGE'],
    ['header one longer than the frame', word(8, 5, 0), 'FRAME_MALFORMED'],
    ['no header, JSON', word(8, 0, 0), 'HEADER_MALFORMED'],
    ['no header, binary', word(8, 0x01000000, 0), 'HEADER_MALFORMED'],
    ['type 2', framed(2, '{}'), 'FRAME_MALFORMED'],
    ['type 255', framed(255, '{}'), 'FRAME_MALFORMED'],
    ['HTTP', Buffer.from('GET / HTTP/1.1\r\n\r\n'), 'FRAME_TOO_LARGE'],
    ['TLS', hex('16030100 c8010000 c40303'), 'FRAME_TOO_LARGE'],
  ])('%s', (_name, bytes, expected) => {
    expect(codeFrom(() => readAll([bytes]))).toBe(expected);
    expect(codeFrom(() => readAll([...bytes].map((byte) => Buffer.from([byte]))))).toBe(expected);
  });

  it('a header that fills the frame leaves no body', () => {
    expect(readAll([framed(0, '{}')])[0]).toMatchObject({ code: 0, body: undefined });
  });

  it('does not send a frame that the other side would refuse', () => {
    const body = Buffer.alloc(MAX_FRAME_BYTES);
    expect(codeFrom(() => encoded({ code: 1, opaque: 1, flag: 0, body }))).toBe('FRAME_TOO_LARGE');
    expect(codeFrom(() => encoded({ code: 1, opaque: 1, flag: 0, header: { x: 'y'.repeat(MAX_FRAME_BYTES) } }))).toBe(
      'FRAME_TOO_LARGE',
    );
  });
});

describe('properties', () => {
  const name = fc.string({ unit: 'grapheme', minLength: 1, maxLength: 20 }).filter((text) => text !== '__proto__');
  const outgoing = fc.record({
    code: fc.integer({ min: -0x8000, max: 0x7fff }),
    opaque: fc.integer(),
    flag: fc.integer(),
    remark: fc.option(fc.string({ unit: 'grapheme', minLength: 1 }), { nil: undefined }),
    header: fc.dictionary(name, fc.string({ unit: 'grapheme', minLength: 1 })),
    body: fc.oneof(
      fc.uint8Array({ minLength: 1, maxLength: 6000 }).map((bytes) => Buffer.from(bytes)),
      fc.array(
        fc.uint8Array({ minLength: 1, maxLength: 3000 }).map((bytes) => Buffer.from(bytes)),
        { minLength: 1, maxLength: 3 },
      ),
      fc.constant(undefined),
    ),
    serializeType: fc.constantFrom('JSON' as const, 'ROCKETMQ' as const),
  });
  const expected = ({ header, body, ...rest }: OutgoingFrame) => ({
    ...rest,
    extFields: header,
    body: Array.isArray(body) ? Buffer.concat(body) : body,
    version: 479,
    language: 'OTHER',
  });

  it('a frame survives the way, in both types', () => {
    fc.assert(
      fc.property(outgoing, (frame) => {
        expect(readAll([encoded(frame)])).toEqual([expected(frame)]);
      }),
    );
  });

  it('many frames in one read, and cut anywhere into reads (21.1)', () => {
    fc.assert(
      fc.property(
        fc.array(outgoing, { minLength: 1, maxLength: 4 }),
        fc.infiniteStream(fc.nat(3000)),
        (frames, cuts) => {
          const bytes = Buffer.concat(frames.map(encoded));
          const chunks: Buffer[] = [];
          for (let at = 0; at < bytes.length;) {
            const next = at + 1 + (cuts.next().value as number);
            chunks.push(bytes.subarray(at, next));
            at = next;
          }
          expect(readAll([bytes])).toEqual(frames.map(expected));
          expect(readAll(chunks)).toEqual(frames.map(expected));
        },
      ),
      { numRuns: 50 },
    );
  });

  it.each(Object.entries(workedFrames))('%s, cut at every position, and byte by byte', (_name, { bytes }) => {
    const whole = readAll([bytes]);
    for (let at = 1; at < bytes.length; at += 1) {
      expect(readAll([bytes.subarray(0, at), bytes.subarray(at)])).toEqual(whole);
    }
    expect(readAll([...bytes].map((byte) => Buffer.from([byte])))).toEqual(whole);
  });

  it('frames that were gathered from several reads do not share memory with them', () => {
    const bytes = Buffer.from(workedFrames['D: one-way heartbeat'].bytes);
    const chunks = [Buffer.from(bytes.subarray(0, 50)), Buffer.from(bytes.subarray(50))];
    const [command] = readAll(chunks);
    for (const chunk of chunks) chunk.fill(0xdb);
    expect(command?.body).toEqual(Buffer.from([1, 2]));
  });

  it('random bytes never fail otherwise than by the typed errors', () => {
    const typed = ['ok', 'FRAME_TOO_LARGE', 'FRAME_MALFORMED', 'HEADER_MALFORMED'];
    const anything = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
    fc.assert(fc.property(anything, (bytes) => typed.includes(codeFrom(() => readAll([bytes])))));
    fc.assert(
      fc.property(anything, fc.constantFrom(0, 1), (header, codec) =>
        typed.includes(codeFrom(() => readAll([framed(codec, header)]))),
      ),
    );
    const damaged = fc.tuple(outgoing, fc.nat(), fc.nat(255));
    fc.assert(
      fc.property(damaged, ([frame, where, value]) => {
        const bytes = encoded(frame);
        bytes[where % bytes.length] = value;
        return typed.includes(codeFrom(() => readAll([bytes])));
      }),
    );
  });
});
