/** How a process ended: by a signal, with its machine, or with its machine and without a word to anyone. */
export type Death = 'killed' | 'crashed' | 'vanished';

/** Something the kernel takes back when a process dies. */
export interface Mortal {
  processDied(how: Death): void;
}

/** One life of a machine's software: from boot() to kill() or crash(). */
export class SimProcess {
  alive = true;
  /** Virtual time until which its code does not run. */
  frozenUntil = 0;
  /** What goes with the process, in the order in which it was taken. */
  readonly belongings = new Set<Mortal>();

  constructor(
    readonly machineName: string,
    readonly pid: number,
  ) {}

  die(how: Death): void {
    if (!this.alive) return;
    this.alive = false;
    for (const one of this.belongings) one.processDied(how);
    this.belongings.clear();
  }
}
