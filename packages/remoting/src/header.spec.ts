import { flag, header, int32, int64, optional, orElse, text, type HeaderOf } from './header';

const All = header('All', {
  name: text(),
  count: int32(),
  offset: int64(),
  isOn: flag(false),
  wasOn: flag(true),
  note: optional(text()),
  limit: optional(int32()),
  isThere: optional(flag(false)),
  tries: orElse(int32(), 16),
});

const required = { name: 'n', count: '1', offset: '2' };

describe('a declared header', () => {
  it('has a type, a reader and a writer', () => {
    const value: HeaderOf<typeof All> = { name: 'n', count: 1, offset: 2 ** 52, isOn: true, wasOn: false, tries: 3 };
    const fields = All.encode(value);
    expect(fields).toEqual({
      name: 'n',
      count: '1',
      offset: '4503599627370496',
      isOn: 'true',
      wasOn: 'false',
      tries: '3',
    });
    expect(All.decode(fields)).toEqual(value);
  });

  it('has defaults for what may be absent', () => {
    expect(All.decode(required)).toEqual({ name: 'n', count: 1, offset: 2, isOn: false, wasOn: true, tries: 16 });
  });

  it.each<[string, Record<string, string>, Partial<HeaderOf<typeof All>>]>([
    ['signs', { count: '+5', offset: '-9007199254740991' }, { count: 5, offset: -9007199254740991 }],
    ['limits of int32', { count: '-2147483648' }, { count: -2147483648 }],
    ['true in any case', { isOn: 'TRUE', wasOn: 'True' }, { isOn: true, wasOn: true }],
    ['everything else is false', { isOn: '1', wasOn: 'yes' }, { isOn: false, wasOn: false }],
    ['empty text is text', { name: '', note: '' }, { name: '', note: '' }],
    ['optional numbers that do not parse are absent', { limit: '1.0' }, { limit: undefined }],
    ['numbers that do not parse have their default', { tries: 'many' }, { tries: 16 }],
    ['an optional flag that is there', { isThere: 'no' }, { isThere: false }],
    ['unknown names', { unknown: 'x' }, {}],
  ])('reads %s', (_name, fields, expected) => {
    expect(All.decode({ ...required, ...fields })).toMatchObject(expected);
  });

  it.each([
    ['name', {}, 'All: field name is missing'],
    ['count', { count: ' 1' }, 'All: field count cannot be " 1"'],
    ['count', { count: '2147483648' }, 'All: field count cannot be "2147483648"'],
    ['count', { count: '0x10' }, 'All: field count cannot be "0x10"'],
    ['count', { count: '' }, 'All: field count cannot be ""'],
    ['offset', { offset: '9007199254740993' }, 'All: field offset cannot be "9007199254740993"'],
  ])('names the field that is wrong: %s %j', (missing, fields, message) => {
    const given = Object.keys(fields).length === 0 ? { ...required, [missing]: undefined } : { ...required, ...fields };
    expect(() => All.decode(given)).toThrow(expect.objectContaining({ code: 'FIELD_MISSING', message }));
  });
});
