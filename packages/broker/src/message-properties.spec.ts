import { appendProperties, pair, propertyOf, withoutProperty } from './message-properties';

const TEXT = pair('TAGS', 'red') + pair('MY_TAGS', 'blue') + pair('EMPTY', '') + pair('KEYS', 'a b');

describe('propertyOf', () => {
  it.each([
    ['the first', TEXT, 'TAGS', 'red'],
    ['one whose name ends like another', TEXT, 'MY_TAGS', 'blue'],
    ['the last', TEXT, 'KEYS', 'a b'],
    ['the last without its end', TEXT.slice(0, -1), 'KEYS', 'a b'],
    ['an empty one', TEXT, 'EMPTY', undefined],
    ['an absent one', TEXT, 'AGS', undefined],
    ['a name that is only a value', pair('A', 'TAGS'), 'TAGS', undefined],
    ['anything of nothing', '', 'TAGS', undefined],
  ])('finds %s', (_what, text, name, value) => {
    expect(propertyOf(text, name)).toBe(value);
  });
});

describe('withoutProperty', () => {
  it.each([
    ['the first', 'TAGS', pair('MY_TAGS', 'blue') + pair('EMPTY', '') + pair('KEYS', 'a b')],
    ['one in the middle', 'MY_TAGS', pair('TAGS', 'red') + pair('EMPTY', '') + pair('KEYS', 'a b')],
    ['an empty one', 'EMPTY', pair('TAGS', 'red') + pair('MY_TAGS', 'blue') + pair('KEYS', 'a b')],
    ['the last', 'KEYS', pair('TAGS', 'red') + pair('MY_TAGS', 'blue') + pair('EMPTY', '')],
    ['an absent one', 'AGS', TEXT],
  ])('takes out %s', (_what, name, rest) => {
    expect(withoutProperty(TEXT, name)).toBe(rest);
  });

  it('takes out a last one without its end', () => {
    expect(withoutProperty(TEXT.slice(0, -1), 'KEYS')).toBe(withoutProperty(TEXT, 'KEYS'));
  });
});

it('appends, closing an unfinished pair first', () => {
  const more = pair('B', '2');
  expect(appendProperties('', more)).toBe(more);
  expect(appendProperties(pair('A', '1'), more)).toBe(pair('A', '1') + more);
  expect(appendProperties(pair('A', '1').slice(0, -1), more)).toBe(pair('A', '1') + more);
});
