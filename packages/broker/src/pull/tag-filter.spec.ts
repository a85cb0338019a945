import { javaHash } from '@batonmq/broker-store';
import { tagFilter } from './tag-filter';

it.each([undefined, '', ' ', '*', ' * ', '||'])('wants everything with %p', (expression) => {
  expect(tagFilter(expression)).toBeUndefined();
});

it.each([
  ['red', ['red']],
  [' red||blue ', ['red', 'blue']],
  ['red || || blue', ['red', 'blue']],
])('wants just the tags of "%s"', (expression, tags) => {
  const filter = tagFilter(expression);
  for (const tag of ['red', 'blue', 'green', '']) expect(filter?.matchesTags(javaHash(tag))).toBe(tags.includes(tag));
});
