/**
 * What the master knows of one slave, by its controller id, over all its connections. Times are monotonic.
 *
 * Caught up is measured with marks: when none is out, the end of the log and the time are noted as bytes are sent; an
 * ack at or above the mark proves that at that time the slave lacked nothing that it has not got since.
 */
export class Replica {
  /** Newest connection; acks of others do not count. -1: none. */
  connection = -1;
  learner = false;
  /** Last report on the newest connection; -1: none yet. */
  ack = -1;
  /** What may be acknowledged at most: everything that was sent, or was told as the master's end at the handshake. */
  sent = -1;
  private markEnd = -1;
  private markMs = 0;
  /** Last time an ack grew, or there was nothing to wait for. */
  movedMs: number;

  constructor(
    readonly id: number,
    /** Up to this time nothing was missing. */
    public caughtUpMs: number,
  ) {
    this.movedMs = caughtUpMs;
  }

  attach(connection: number, learner: boolean, told: number): void {
    this.connection = connection;
    this.learner = learner;
    this.ack = -1;
    this.sent = told;
    this.markEnd = -1;
  }

  detach(): void {
    this.connection = -1;
    this.ack = -1;
    this.markEnd = -1;
  }

  sentUpTo(sent: number, logEnd: number, nowMs: number): void {
    if (sent > this.sent) this.sent = sent;
    if (this.markEnd >= 0 || this.ack >= logEnd) return;
    this.markEnd = logEnd;
    this.markMs = nowMs;
    this.movedMs = nowMs;
  }

  acked(offset: number, logEnd: number, nowMs: number): void {
    if (offset !== this.ack) this.movedMs = nowMs;
    this.ack = offset;
    if (offset >= logEnd) this.caughtUpMs = nowMs;
    else if (this.markEnd >= 0 && offset >= this.markEnd) this.caughtUpMs = Math.max(this.caughtUpMs, this.markMs);
    if (this.markEnd >= 0 && offset >= this.markEnd) {
      this.markEnd = -1;
      if (offset < logEnd) this.sentUpTo(this.sent, logEnd, nowMs);
    }
  }

  /** Called when looked at: whoever has all is caught up now. */
  refresh(logEnd: number, nowMs: number): void {
    if (this.ack < logEnd) return;
    this.caughtUpMs = nowMs;
    this.movedMs = nowMs;
  }
}
