/** A piece of a queue: `units` from byte `at`. Valid until the next use of the same view or of the queue. */
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
}
