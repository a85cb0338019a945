import type { Host } from '@batonmq/host';

const REMEMBERED_MS = 10_000;
const MAX_REMEMBERED = 20_000;

/**
 * Elections a standby has seen applied lately. Should it become leader now, the former one may have died before it told
 * the brokers; telling them twice does no harm.
 */
export class RecentElections {
  /** By broker name, oldest first: when it was applied here. */
  private readonly times = new Map<string, number>();

  constructor(private readonly host: Pick<Host, 'clock'>) {}

  add(brokerName: string): void {
    this.times.delete(brokerName);
    this.times.set(brokerName, this.host.clock.monotonicMs());
    if (this.times.size <= MAX_REMEMBERED) return;
    for (const oldest of this.times.keys()) {
      this.times.delete(oldest);
      return;
    }
  }

  /** The names, each once; they are forgotten. */
  take(): string[] {
    const since = this.host.clock.monotonicMs() - REMEMBERED_MS;
    const names = [...this.times].filter(([, timeMs]) => timeMs >= since).map(([name]) => name);
    this.times.clear();
    return names;
  }
}
