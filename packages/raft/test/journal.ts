import type { StateMachine } from '../src/index';

/** A state machine that remembers what it was given; its result is how many lines it has. */
export class Journal implements StateMachine {
  lines: string[] = [];

  apply(data: Buffer): Buffer {
    this.lines.push(data.toString());
    return Buffer.from(String(this.lines.length));
  }

  snapshot(): Buffer {
    return Buffer.from(JSON.stringify(this.lines));
  }

  restore(snapshot: Buffer): void {
    this.lines = JSON.parse(snapshot.toString()) as string[];
  }
}
