import { replaceProperties } from './replace-properties';

describe('replaceProperties', () => {
  it.each([
    ['a value', 'a=1\nb=2\n', { b: '3' }, 'a=1\nb=3\n'],
    [
      'keeps comments, order and what else is there',
      '# why\nb : 2\n\nunknown=x\n',
      { b: '3' },
      '# why\nb=3\n\nunknown=x\n',
    ],
    ['adds what is missing', 'a=1', { b: '3' }, 'a=1\nb=3\n'],
    ['into nothing', '', { b: '3' }, 'b=3\n'],
    ['of duplicates keeps one', 'b=1\nb=2\n', { b: '3' }, 'b=3\n'],
    ['a commented key is a comment', '#b=1\n', { b: '3' }, '#b=1\nb=3\n'],
    ['CRLF', 'a=1\r\nb=2\r\n', { b: '3' }, 'a=1\nb=3\n'],
    ['continuation lines', 'a=1\\\n 2\nb=2\n', { b: '3' }, 'a=12\nb=3\n'],
  ])('%s', (_name, text, changes, expected) => {
    expect(replaceProperties(text, new Map(Object.entries(changes)))).toBe(expected);
  });
});
