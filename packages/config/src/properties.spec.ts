import * as fc from 'fast-check';
import { formatProperties, parseProperties } from './properties';

describe('parseProperties', () => {
  it.each<[string, string, Record<string, string>]>([
    ['three separators', 'a=1\nb:2\nc 3', { a: '1', b: '2', c: '3' }],
    ['blanks around them', '  a = 1  \n\tb\t:\t2\t\nc   3', { a: '1', b: '2', c: '3' }],
    ['only the first separator', 'a=b=c:d\nb = = x', { a: 'b=c:d', b: '= x' }],
    ['comments', '# a=1\n  ! b=2\nc=3 # not a comment', { c: '3 # not a comment' }],
    ['keys without a value', 'a\nb=\nc:', { a: '', b: '', c: '' }],
    ['the last entry of a key', 'a=1\na=2', { a: '2' }],
    ['CRLF and CR', 'a=1\r\nb=2\rc=3\r\n', { a: '1', b: '2', c: '3' }],
    ['a byte order mark', '\uFEFFa=1', { a: '1' }],
    ['continuation', 'a=1;\\\n    2;\\\r\n3\nb=x', { a: '1;2;3', b: 'x' }],
    ['continuation into what looks like a comment', 'a=1\\\n#2', { a: '1#2' }],
    ['a comment that seems to go on', '# x\\\na=1', { a: '1' }],
    ['an escaped backslash at the end', 'a=c:\\\\\nb=1', { a: 'c:\\', b: '1' }],
    ['a backslash at the end of the file', 'a=1\\', { a: '1' }],
    ['a continuation into nothing', 'a=1\\\n\nb=2', { a: '1', b: '2' }],
    ['escapes', 'a\\=b=x\\ty\\u00e4\\z', { 'a=b': 'x\tyäz' }],
    ['an escaped blank in a key', 'a\\ b c', { 'a b': 'c' }],
    ['text beyond ASCII', 'name = Größe 北京 😀', { name: 'Größe 北京 😀' }],
    ['nothing', '\n\n  \n', {}],
  ])('reads %s', (_what, text, expected) => {
    expect(Object.fromEntries(parseProperties(text))).toEqual(expected);
  });

  it('names file and line of a broken escape', () => {
    expect(() => parseProperties('a=1\n\nb=C:\\users', 'x.conf')).toThrow(
      expect.objectContaining({ code: 'CONFIG_UNREADABLE', message: expect.stringContaining('x.conf, line 3') }),
    );
  });
});

describe('formatProperties', () => {
  it('sorts by key, escapes what Java would misread, leaves out what is absent', () => {
    const text = formatProperties(Object.entries({ b: 'C:\\x', 'a.b': 1, a: true, 'k =': ' ä\n', gone: undefined }));
    expect(text).toBe('a=true\na.b=1\nb=C:\\\\x\nk\\ \\==\\ \\u00e4\\n\n');
  });

  it('is read back, whatever it holds', () => {
    const trimmed = fc.string({ unit: 'binary' }).map((value) => value.trim());
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary', minLength: 1 }), trimmed), (properties) => {
        const entries = Object.entries(properties);
        expect(parseProperties(formatProperties(entries))).toEqual(new Map(entries));
      }),
    );
  });
});
