import { tagFilter, tagHash } from './tag-filter';

it.each([
  ['', 0],
  ['a', 97],
  ['TagA', 2598919],
  ['polygenelubricants', -2147483648],
  ['é', 233],
])('hashes "%s" as Java does', (tag, hash) => {
  expect(tagHash(tag)).toBe(hash);
});

it.each([undefined, '', ' ', '*', ' * ', '||'])('wants everything with %p', (expression) => {
  expect(tagFilter(expression)).toBeUndefined();
});

it.each([
  ['red', ['red']],
  [' red||blue ', ['red', 'blue']],
  ['red || || blue', ['red', 'blue']],
])('wants just the tags of "%s"', (expression, tags) => {
  const filter = tagFilter(expression);
  for (const tag of ['red', 'blue', 'green', '']) expect(filter?.matchesTags(tagHash(tag))).toBe(tags.includes(tag));
});
