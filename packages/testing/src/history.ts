/** A send that a client was told to be safe. */
export interface Acknowledgement {
  readonly number: number;
  readonly queueId: number;
  readonly queueOffset: number;
  /** From the message id: where the acknowledging broker put it, and which broker that was. */
  readonly physicalOffset: number;
  readonly broker: string;
  /** Virtual time at which the client heard of it. */
  readonly atMs: number;
}

/** The same moment seen from inside the broker: the ack rule held for all up to `endOffset`. */
export interface Grant {
  readonly broker: string;
  /** The office in which the message was accepted. */
  readonly epoch: number;
  readonly endOffset: number;
  readonly acceptedMs: number;
  readonly grantedMs: number;
}

/** A message that a consumer got. */
export interface Delivery {
  readonly number: number;
  readonly queueId: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly atMs: number;
}

/** What happened in one run, as far as checkers ask for it. */
export class History {
  readonly acknowledged: Acknowledgement[] = [];
  readonly granted: Grant[] = [];
  readonly delivered: Delivery[] = [];
  /** What was found wrong while it happened. */
  readonly violations: string[] = [];
  private numbers = 0;

  /** Messages sent so far, acknowledged or not. */
  get sent(): number {
    return this.numbers;
  }

  /** A number that no other message of the run has. */
  nextNumber(): number {
    return this.numbers++;
  }
}

const LONGEST = 600;

/** The body of a message tells its number and can be checked byte by byte. */
export function bodyOf(number: number): Buffer {
  return Buffer.from(`${number}:`.padEnd(8 + ((number * 37) % LONGEST), 'batonmq '));
}

/** @returns -1 when the body is not one of ours, or damaged */
export function numberOf(body: Buffer): number {
  const number = Number.parseInt(body.toString('latin1', 0, 12), 10);
  return Number.isSafeInteger(number) && bodyOf(number).equals(body) ? number : -1;
}
