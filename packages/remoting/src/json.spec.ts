import * as fc from 'fast-check';
import { readJson, writeJson } from './json';
import { LenientJson } from './lenient-json';

const read = (text: string): unknown => readJson(Buffer.from(text));

describe('JSON bodies as fastjson writes them (21.19)', () => {
  it.each<[string, unknown]>([
    ['{0:"a",-1:"b"}', { '0': 'a', '-1': 'b' }],
    ['{"0":"a"}', { '0': 'a' }],
    ['{{"brokerName":"b","queueId":0,"topic":"t"}:1}', { '{"brokerName":"b","queueId":0,"topic":"t"}': 1 }],
    ['{"t":{{"q":{"n":1}}:{"x":[1,2]}}}', { t: { '{"q":{"n":1}}': { x: [1, 2] } } }],
    ['{true:1,null:2,1.5:3}', { true: 1, null: 2, '1.5': 3 }],
    ['{"a":NaN,"b":1}', { a: null, b: 1 }],
    ["{'a':'b\\'c'}", { a: "b'c" }],
    ['{a:1,b_c:2}', { a: 1, b_c: 2 }],
    ['{"a":[1,2,],}', { a: [1, 2] }],
    ['/* x */{"a":1 /* y */,// z\n"b":2}', { a: 1, b: 2 }],
    ['{"a":1,"a":2,b:3}', { a: 2, b: 3 }],
    ['{0:"\\x41\\u00e4\\v\\0\\/"}', { '0': 'Aä\v\0/' }],
    ['{0:"\\ud83d"}', { '0': '\ud83d' }],
    ['{0:-12.5e-1}', { '0': -1.25 }],
    ['{"a":{"x":1},"b":{"$ref":"$.a"}}', { a: { x: 1 }, b: { x: 1 } }],
    ['{a:[{x:1}],b:[{"$ref":"$.a[0]"}]}', { a: [{ x: 1 }], b: [{ x: 1 }] }],
    ['{"a.b":{"x":1},"c":{"$ref":"$.a\\\\.b"}}', { 'a.b': { x: 1 }, c: { x: 1 } }],
    ['{"a":{"$ref":"$.nowhere[3].x"}}', { a: null }],
    ['{"a":{"$ref":"$.constructor"}}', { a: null }],
    ['{"a":{"$ref":".."},"b":{"$ref":"@"}}', { a: null, b: null }],
    ['{"__proto__":{"x":1},"y":2}', expect.objectContaining({ y: 2 })],
  ])('%s', (text, expected) => {
    expect(read(text)).toEqual(expected);
  });

  it('resolves a reference to the whole', () => {
    const value = read('{"a":{"$ref":"$"}}') as { a: unknown };
    expect(value.a).toBe(value);
  });

  it('a heartbeat of a client that shares one subscription between two groups', () => {
    const subscription = '{"topic":"T","subString":"*"}';
    const heartbeat = `{"clientID":"c","consumerDataSet":[{"groupName":"g2","subscriptionDataSet":[${subscription}]},{"groupName":"g","subscriptionDataSet":[{"$ref":"$.consumerDataSet[0].subscriptionDataSet[0]"}]}]}`;
    expect(read(heartbeat)).toMatchObject({
      consumerDataSet: [{}, { groupName: 'g', subscriptionDataSet: [{ topic: 'T', subString: '*' }] }],
    });
  });

  it.each([
    '',
    '  ',
    'nonsense',
    '{',
    '[1',
    '{"a"}',
    '{"a":}',
    '{"a":1}x',
    '{a:b}',
    '"x',
    '{"a":"\\u12"',
    '{0:"\\uzzzz"}',
    '[1 2]',
    '[`1`]',
    '{"a":0x10}',
    '/*',
    "{'a':1",
  ])('is not JSON: %s', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BODY_MALFORMED' }));
  });

  it.each([
    ['arrays', '['.repeat(100_000)],
    ['objects', '{a:'.repeat(100_000)],
    ['keys', '{'.repeat(100_000)],
    ['references', `{"$ref":"$",a:${'['.repeat(100_000)}`],
    ['valid JSON with a reference', `{"$ref":1,"a":${'['.repeat(50_000)}${']'.repeat(50_000)}}`],
  ])('does not exhaust the stack: %s', (_name, text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'BODY_MALFORMED' }));
  });
});

describe('properties', () => {
  const json = fc.json({ maxDepth: 5 });

  it('the lenient reader reads valid JSON as JSON.parse does', () => {
    const hasReference = (text: string): boolean => text.includes('$ref');
    fc.assert(
      fc.property(json, (text) => {
        fc.pre(!hasReference(text));
        // Both keep __proto__ as a member.
        expect(JSON.stringify(new LenientJson(text).read())).toBe(JSON.stringify(JSON.parse(text)));
      }),
      { numRuns: 500 },
    );
  });

  it('text with any characters survives', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(new LenientJson(`{0:${JSON.stringify(text)}}`).read()).toEqual({ '0': text });
      }),
    );
  });

  it('what is written is strict JSON, and the same when read', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        fc.pre(!JSON.stringify(value).includes('$ref') && !JSON.stringify(value).includes('null'));
        expect(JSON.stringify(readJson(writeJson(value)))).toBe(JSON.stringify(value));
      }),
    );
  });

  it('random text never fails otherwise than by the typed error', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ':',
      ',',
      '"',
      "'",
      '\\',
      '/',
      '/*',
      '*/',
      '//',
      '\n',
      ' ',
      '0',
      '-',
      'a',
      'null',
      '$ref',
      '"$ref":"$"',
      'u12',
    );
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string()), { maxLength: 30 }), (parts) => {
        try {
          read(parts.join(''));
        } catch (error) {
          expect(error).toMatchObject({ code: 'BODY_MALFORMED' });
        }
      }),
      { numRuns: 1000 },
    );
  });
});

describe('JSON bodies as Java reads them (21.20)', () => {
  it.each<[string, unknown, string]>([
    [
      'integer keys are quoted',
      {
        brokerAddrs: new Map([
          [0, 'a:1'],
          [-3, 'b:2'],
        ]),
      },
      '{"brokerAddrs":{"0":"a:1","-3":"b:2"}}',
    ],
    [
      'message queues are keys as objects',
      new Map([[{ brokerName: 'b', queueId: 0, topic: 't' }, { min: 0 }]]),
      '{{"brokerName":"b","queueId":0,"topic":"t"}:{"min":0}}',
    ],
    [
      'absent and null members are left out, empty lists are not',
      { a: undefined, b: null, c: [], d: {}, e: new Map([['x', null]]) },
      '{"c":[],"d":{},"e":{}}',
    ],
    ['null items stay', [null, undefined, 1], '[null,null,1]'],
    ['NaN and infinities are null', [NaN, Infinity, -0.5], '[null,null,-0.5]'],
    ['longs beyond 2^53', { n: 9223372036854775807n }, '{"n":9223372036854775807}'],
    ['sets are lists', { s: new Set(['a', 'b']) }, '{"s":["a","b"]}'],
    ['text', 'ä "q" \\ \n \u2028 \ud800', '"ä \\"q\\" \\\\ \\n \u2028 \\ud800"'],
  ])('%s', (_name, value, expected) => {
    expect(writeJson(value).toString('utf8')).toBe(expected);
  });
});
