import type { FileSeries } from '../file-series';
import { UNIT_BYTES } from '../format/queue-unit';

/** A piece of a queue: units from byte `at`. Valid until the next use of the same view or of the queue. */
export class UnitView {
  units: Buffer = Buffer.alloc(0);
  at = 0;
  private scratch: Buffer | undefined;

  /** Room of its own for units from a file. */
  room(bytes: number): Buffer {
    if (this.scratch === undefined || this.scratch.length < bytes)
      this.scratch = Buffer.allocUnsafeSlow(Math.max(16_000, bytes));
    return this.scratch;
  }

  /**
   * Looks at what the queue's files have.
   * @param bytes not more than what is there
   * @param _end of what is there, in the file of `position`: a view may read ahead so far
   * @returns how many units it is
   * @throws HostError
   */
  read(series: FileSeries, position: number, bytes: number, _end: number): number {
    this.units = this.room(bytes);
    this.at = 0;
    return Math.floor(series.read(this.units, 0, bytes, position) / UNIT_BYTES);
  }
}
