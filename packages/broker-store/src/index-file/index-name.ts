/** Name of an index file made at this time: `yyyyMMddHHmmssSSS`, local time. @source UtilAll.timeMillisToHumanString */
export function indexName(timestampMs: number): string {
  const t = new Date(timestampMs);
  const two = (value: number): string => String(value).padStart(2, '0');
  const day = `${t.getFullYear()}${two(t.getMonth() + 1)}${two(t.getDate())}`;
  return `${day}${two(t.getHours())}${two(t.getMinutes())}${two(t.getSeconds())}${String(t.getMilliseconds()).padStart(3, '0')}`;
}

/**
 * A name behind `last`: files are ordered by name, and the local clock may have gone back or changed its zone (B7).
 * What follows then is no time any more, only the next number.
 */
export function nextIndexName(timestampMs: number, last: string | undefined): string {
  const name = indexName(timestampMs);
  return last === undefined || name > last ? name : String(BigInt(last) + 1n).padStart(last.length, '0');
}
