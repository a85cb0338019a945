import type { FileSeries } from '../file-series';
import { UNIT_BYTES } from '../format/queue-unit';
import { UnitView } from '../queue/unit-view';

const WINDOW_BYTES = 1024 * UNIT_BYTES;
/** 1.3 MB: so many queues are read side by side at one read of their files for each thousand units. */
const MAX_WINDOWS = 64;

/** Units from `position` on. Units are only ever added, and only behind others, until some are removed: it counts then no more. */
interface Window {
  readonly buffer: Buffer;
  position: number;
  bytes: number;
  removals: number;
}

/** A view for those who go forward through queues: it reads more than is asked for and keeps it for the next call. */
export class UnitWindows extends UnitView {
  /** The one used longest ago first. */
  private readonly windows = new Map<FileSeries, Window>();

  override read(series: FileSeries, position: number, bytes: number, end: number): number {
    if (bytes > WINDOW_BYTES) return super.read(series, position, bytes, end);
    let window = this.windows.get(series);
    if (window !== undefined) this.windows.delete(series);
    if (window === undefined || !holds(window, series, position, bytes)) {
      window ??= this.blank();
      const wanted = Math.min(WINDOW_BYTES, end - position);
      window.bytes = 0; // should the read fail
      window.bytes = series.read(window.buffer, 0, wanted, position);
      window.position = position;
      window.removals = series.removals;
    }
    this.windows.set(series, window);
    this.units = window.buffer;
    this.at = position - window.position;
    return Math.floor(Math.min(bytes, window.bytes - this.at) / UNIT_BYTES);
  }

  private blank(): Window {
    if (this.windows.size >= MAX_WINDOWS) {
      for (const [series, window] of this.windows) {
        this.windows.delete(series);
        return window;
      }
    }
    return { buffer: Buffer.allocUnsafeSlow(WINDOW_BYTES), position: 0, bytes: 0, removals: 0 };
  }
}

function holds(window: Window, series: FileSeries, position: number, bytes: number): boolean {
  const at = position - window.position;
  return window.removals === series.removals && at >= 0 && at + bytes <= window.bytes;
}
