const UNITS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/**
 * @param text `1s 5s 10s 30s 1m …`: the delay of level 1, 2, …
 * @returns milliseconds by level - 1; undefined when an item is no number with one of the units s, m, h, d
 */
export function parseDelayLevels(text: string): number[] | undefined {
  const levels = text
    .trim()
    .split(/\s+/)
    .map((item) => {
      const unit = UNITS[item.slice(-1)];
      const count = Number(item.slice(0, -1));
      return unit === undefined || !Number.isFinite(count) || item.length < 2 ? NaN : count * unit;
    });
  return levels.some(Number.isNaN) ? undefined : levels;
}
