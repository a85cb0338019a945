import type { FileSeries } from '../file-series';
import { UNIT_BYTES, isBlankUnit, isUnit, unitPhy } from '../format/queue-unit';
import type { UnitView } from './unit-view';

const PAGE_BYTES = 4096;
/** Read at once to find where units end. */
const NEAR_BYTES = 12_000;
/** Files from the end that recovery looks at. */
const RECOVER_FILES = 3;

/**
 * Newest file that has a unit at all, and in it the first place without: near the end of what the file takes of the
 * disk, as a rule.
 */
export function endBySearch(series: FileSeries, view: UnitView): number {
  const near = endNear(series, view);
  if (near >= 0) return near;
  const one = Buffer.alloc(UNIT_BYTES);
  const filled = (position: number): boolean =>
    series.read(one, 0, UNIT_BYTES, position) === UNIT_BYTES && isUnit(one, 0);
  let index = series.starts.length - 1;
  while (index > 0 && !filled(series.starts[index] as number)) index--;
  const start = series.starts[index] as number;
  let low = 0;
  let high = series.fileSize / UNIT_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (filled(start + middle * UNIT_BYTES)) low = middle + 1;
    else high = middle;
  }
  return start / UNIT_BYTES + low;
}

/** One read, where a sparse file has its last bytes; -1 when the border is not there. */
function endNear(series: FileSeries, view: UnitView): number {
  const { lastAllocated: allocated, last, fileSize } = series;
  if (allocated === undefined || last === undefined || allocated === 0 || allocated >= fileSize) return -1;
  const units = view.room(NEAR_BYTES);
  const from = Math.max(0, allocated - (NEAR_BYTES - PAGE_BYTES));
  const start = from - (from % UNIT_BYTES);
  const length = Math.min(NEAR_BYTES, fileSize - start);
  if (series.read(units, 0, length, last + start) < length || !isUnit(units, 0)) return -1;
  let low = 0;
  let high = length / UNIT_BYTES;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isUnit(units, middle * UNIT_BYTES)) low = middle + 1;
    else high = middle;
  }
  return low * UNIT_BYTES === length ? -1 : (last + start) / UNIT_BYTES + low;
}

/** From the third last file: up to the first place without a unit, or whose record lies below its predecessor's. */
export function endByReading(series: FileSeries): number {
  const starts = series.starts.slice(-RECOVER_FILES);
  let lastPhy = -1;
  for (const start of starts) {
    for (let done = 0, chunk = 4096 - (4096 % UNIT_BYTES); done < series.fileSize;) {
      const length = Math.min(chunk, series.fileSize - done);
      const units = Buffer.allocUnsafeSlow(length);
      series.read(units, 0, length, start + done);
      for (let at = 0; at < length; at += UNIT_BYTES) {
        const phy = unitPhy(units, at);
        const blank = isBlankUnit(units, at);
        if (!isUnit(units, at) || (!blank && phy <= lastPhy)) return (start + done + at) / UNIT_BYTES;
        if (!blank) lastPhy = phy;
      }
      done += length;
      if (chunk < 1 << 19) chunk *= 4;
    }
  }
  return ((starts.at(-1) as number) + series.fileSize) / UNIT_BYTES;
}
