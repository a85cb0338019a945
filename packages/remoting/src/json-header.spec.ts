import { readJsonHeader } from './json-header';

const read = (text: string) => readJsonHeader(Buffer.from(text), undefined);

describe('JSON headers as others write them (21.5)', () => {
  it.each([
    ['{}', { code: 0, opaque: 0, flag: 0, version: 0, language: 'JAVA', remark: undefined, extFields: {} }],
    [' { "code" : 105 } ', { code: 105 }],
    ['{"code":"105"}', { code: 105 }],
    ['{"code":""}', { code: 0 }],
    ['{"code":null}', { code: 0 }],
    ['{"code":true}', { code: 1 }],
    ['{"code":1e2}', { code: 100 }],
    ['{"code":1.9}', { code: 1 }],
    ['{"code":-7,"opaque":-2147483648}', { code: -7, opaque: -2147483648 }],
    [
      '{"version":479,"opaque":7,"flag":1,"code":0,"extFields":{"b":"2","a":"1"}}',
      { version: 479, opaque: 7, flag: 1, extFields: { a: '1', b: '2' } },
    ],
    ['{"code":1,"code":2}', { code: 2 }],
    ['{"x":{"y":[1,{"z":null}]},"code":105}', { code: 105 }],
    ['{"remark":"kein Thema: ☃"}', { remark: 'kein Thema: ☃' }],
    ['{"remark":null,"language":null}', { remark: undefined }],
    ['{"language":"GO"}', { language: 'GO' }],
    ['{"language":"java"}', { language: 'JAVA' }],
    ['{"language":"KLINGON"}', { language: 'OTHER' }],
    ['{"language":9}', { language: 'GO' }],
    ['{"extFields":null}', { extFields: {} }],
    [
      '{"extFields":{"a":null,"b":1,"c":true,"d":"","e":{"f":[1]}}}',
      { extFields: { a: undefined, b: '1', c: 'true', d: '', e: '{"f":[1]}' } },
    ],
    ['{"extFields":{"1":"2"}}', { extFields: { '1': '2' } }],
  ])('%s', (text, expected) => {
    expect(read(text)).toMatchObject(expected);
  });

  it.each([
    '',
    'null',
    '[]',
    '7',
    '"text"',
    '{"code":105}x',
    '{"code":2147483648}',
    '{"opaque":2147483648}',
    '{"code":0x10}',
    '{"code":"x"}',
    '{"code":{}}',
    '{"extFields":"a"}',
    '{"extFields":[]}',
    '{"extFields":{1:2}}',
    '{"code":1',
  ])('closes the connection: %s', (text) => {
    expect(() => read(text)).toThrow(expect.objectContaining({ code: 'HEADER_MALFORMED' }));
  });
});
