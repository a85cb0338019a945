import type { Clock, Random } from '@batonmq/host';

/**
 * UNIQ_KEY for messages that came without one: 32 hex digits, unlike any other of this or another process.
 * The last twelve hold time and a counter (remoting.md 12.2; receivers must not parse ids of others).
 */
export class UniqueKeys {
  private readonly prefix: string;
  private counter = 0;

  constructor(
    private readonly clock: Clock,
    random: Random,
  ) {
    this.prefix = random.bytes(10).toString('hex').toUpperCase();
  }

  readonly next = (): string => {
    this.counter = (this.counter + 1) & 0xffff;
    const time = (this.clock.wallMs() >>> 0).toString(16).padStart(8, '0');
    return (this.prefix + time + this.counter.toString(16).padStart(4, '0')).toUpperCase();
  };
}
