import { deflateSync } from 'node:zlib';
import { nodeCompression } from '@batonmq/host';
import { readRegistrationBody, type BodyForm } from './registration-body';

const form = { compressed: false, version: 479, wallMs: 99 };
const read = (body: Buffer | string | undefined, how: Partial<BodyForm> = {}) =>
  readRegistrationBody(typeof body === 'string' ? Buffer.from(body) : body, { ...form, ...how }, nodeCompression);

const T = { topic: 'T', readQueueNums: 4, writeQueueNums: 4, perm: 6, topicSysFlag: 0 };

describe('a plain registration body', () => {
  it.each([
    [
      'absent',
      undefined,
      { version: { counter: 0, stateVersion: 0, timestamp: 0 }, topics: [], filterServers: undefined },
    ],
    ['{}', '{}', { version: { counter: 0, stateVersion: 0, timestamp: 99 }, topics: [], filterServers: undefined }],
    ['filterServerList empty', '{"filterServerList":[]}', { filterServers: [] }],
    ['filterServerList with items', '{"filterServerList":["f:1","f:2"]}', { filterServers: ['f:1', 'f:2'] }],
    [
      'explicit nulls',
      '{"filterServerList":null,"topicConfigSerializeWrapper":{"dataVersion":null,"topicConfigTable":{"T":null},"topicQueueMappingInfoMap":null}}',
      { version: { counter: 0, stateVersion: 0, timestamp: 99 }, topics: [], mappings: [], filterServers: undefined },
    ],
    [
      'unknown members',
      '{"x":1,"topicConfigSerializeWrapper":{"y":[],"topicConfigTable":{"T":{"z":{},"perm":6,"readQueueNums":4,"topicName":"T","topicSysFlag":0,"writeQueueNums":4}}}}',
      { topics: [T] },
    ],
    [
      'members left out',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{}}}}',
      { topics: [{ ...T, readQueueNums: 16, writeQueueNums: 16 }] },
    ],
    [
      '4.9: no stateVersion',
      '{"topicConfigSerializeWrapper":{"dataVersion":{"counter":3,"timestamp":1700000000000}}}',
      { version: { counter: 3, stateVersion: 0, timestamp: 1700000000000 } },
    ],
    [
      'before 3.0.11: the bare table',
      '{"dataVersion":{"counter":1,"timestamp":2},"topicConfigTable":{"T":{"perm":6,"readQueueNums":4,"writeQueueNums":4}}}',
      { topics: [T] },
    ],
    [
      'bare integer keys in mappings',
      '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"T":{"bname":"b","currIdMap":{0:1}}}}}',
      { mappings: [{ topic: 'T', brokerName: 'b', info: { bname: 'b', currIdMap: { '0': 1 } } }] },
    ],
    [
      'a topic with the name of an object member',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"__proto__":{}}}}',
      { topics: [expect.objectContaining({ topic: '__proto__' })] },
    ],
  ])('%s', (_name, body, expected) => {
    expect(read(body)).toMatchObject(expected);
  });

  it.each([
    ['not JSON', 'nonsense', 'BODY_MALFORMED'],
    ['an array', '[]', 'REGISTRATION_MALFORMED'],
    ['a table that is a list', '{"topicConfigSerializeWrapper":{"topicConfigTable":[]}}', 'REGISTRATION_MALFORMED'],
    [
      'a number that is none',
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"perm":"rw"}}}}',
      'REGISTRATION_MALFORMED',
    ],
    [
      'a mapping of nobody',
      '{"topicConfigSerializeWrapper":{"topicQueueMappingInfoMap":{"T":{}}}}',
      'REGISTRATION_MALFORMED',
    ],
  ])('is refused: %s', (_name, body, code) => {
    expect(() => read(body)).toThrow(expect.objectContaining({ code }));
  });
});

describe('a compressed registration body (18.7)', () => {
  const piece = (text: string): Buffer => Buffer.concat([int(Buffer.byteLength(text)), Buffer.from(text)]);
  const int = (value: number): Buffer => {
    const bytes = Buffer.alloc(4);
    bytes.writeInt32BE(value);
    return bytes;
  };
  const start = [
    piece('{"counter":7,"stateVersion":2,"timestamp":5}'),
    int(2),
    piece('T 4 8 6 SINGLE_TAG {}'),
    piece('U 1 1 4 SINGLE_TAG {"a":"b c"}'),
    piece('["f:1"]'),
  ];
  const mappings = [int(1), piece('{"bname":"b","topic":"T"}')];
  const zlib = (parts: Buffer[]): Buffer => deflateSync(Buffer.concat(parts));
  const expected = {
    version: { counter: 7, stateVersion: 2, timestamp: 5 },
    topics: [
      { topic: 'T', readQueueNums: 4, writeQueueNums: 8, perm: 6, topicSysFlag: undefined },
      { topic: 'U', readQueueNums: 1, writeQueueNums: 1, perm: 4, topicSysFlag: undefined },
    ],
    filterServers: ['f:1'],
  };

  it.each([
    ['4.9.7, no mappings', start, { compressed: true, version: 407 }, 0],
    ['4.9.7 ends before what looks like mappings', [...start, ...mappings], { compressed: true, version: 407 }, 0],
    ['5.x with mappings', [...start, ...mappings], { compressed: true, version: 479 }, 1],
    ['5.x without', start, { compressed: true, version: 479 }, 0],
    [
      '5.x says it is not compressed (split-registration)',
      [...start, ...mappings],
      { compressed: false, version: 479 },
      1,
    ],
  ])('%s', (_name, parts, how, count) => {
    const table = read(zlib(parts), how);
    expect(table).toMatchObject(expected);
    expect(table.mappings).toHaveLength(count);
  });

  it.each([
    ['cut short', zlib(start.slice(0, 3)), 'REGISTRATION_MALFORMED'],
    [
      'fewer than five words',
      zlib([start[0] as Buffer, int(1), piece('T 4 8 6'), piece('[]')]),
      'REGISTRATION_MALFORMED',
    ],
    ['a negative length', zlib([int(-1)]), 'REGISTRATION_MALFORMED'],
    ['not zlib', Buffer.from('{}'), 'COMPRESSION'],
    ['a bomb', deflateSync(Buffer.alloc(65 * 1024 * 1024)), 'COMPRESSION'],
  ])('is refused: %s', (_name, body, code) => {
    expect(() => read(body, { compressed: true })).toThrow(expect.objectContaining({ code }));
  });
});
