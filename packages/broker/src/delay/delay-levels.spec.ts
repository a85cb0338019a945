import { parseDelayLevels } from './delay-levels';

it.each([
  ['1s 5s 10m 2h 1d', [1000, 5000, 600_000, 7_200_000, 86_400_000]],
  ['  1s   2s ', [1000, 2000]],
  ['1s 5', undefined],
  ['1s 5x', undefined],
  ['s', undefined],
  ['', undefined],
])('reads "%s"', (text, levels) => {
  expect(parseDelayLevels(text)).toEqual(levels);
});
