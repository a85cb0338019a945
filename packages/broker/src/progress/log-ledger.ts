/** Something that holds once the log is safe up to `logEnd`; a negative end is unknown, and holds for every log. */
export interface Mark {
  readonly logEnd: number;
}

const MAX_MARKS = 512;

/**
 * How far work has come whose results go into the log, and the end of the log by then. A mark may be kept, or told to others,
 * only when the log is safe up to there: otherwise results that are lost would count as done. Pure.
 */
export class LogLedger<M extends Mark> {
  /** Ascending `logEnd`, at least one. */
  private marks: M[];

  constructor(first: M) {
    this.marks = [first];
  }

  get current(): M {
    return this.marks.at(-1) as M;
  }

  /** Another point has been reached: takes the place of the one for the same end of the log. */
  add(mark: M): void {
    if (this.current.logEnd === mark.logEnd) this.marks[this.marks.length - 1] = mark;
    else this.marks.push(mark);
    // Older marks are for a log that is cut: half as many serve as well.
    if (this.marks.length > MAX_MARKS) this.marks = this.marks.filter((_, i) => i % 2 === 0 || i > MAX_MARKS / 2);
  }

  /** The newest mark that holds for a log safe up to `logEnd`; undefined when all say more. */
  newest(logEnd: number): M | undefined {
    return this.marks.findLast((mark) => mark.logEnd <= logEnd);
  }

  /** Forgets what a log that ends at `logEnd` does not have. @returns undefined, with nothing changed, when that is all */
  cutTo(logEnd: number): M | undefined {
    const kept = this.marks.filter((mark) => mark.logEnd <= logEnd);
    if (kept.length > 0) this.marks = kept;
    return kept.at(-1);
  }

  /** Goes on from a mark given from outside: behind it stay those of the former ones that `agrees`. */
  goOnFrom(mark: M, agrees: (former: M) => boolean): void {
    this.marks = [...this.marks.filter(agrees).slice(-MAX_MARKS / 2), mark];
  }
}
