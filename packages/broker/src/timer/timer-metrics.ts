import { javaHash } from '@batonmq/broker-store';
import type { Clock } from '@batonmq/host';
import { NO_VERSION, nextVersion, toVersion, type DataVersion } from '../metadata/data-version';
import type { JsonFile } from '../metadata/json-file';

interface TopicCount {
  readonly count: number;
  readonly timeStamp: number;
}

/** Waiting messages per topic: config/timermetrics and GET_TIMER_METRICS. For information. @source TimerMetrics */
export class TimerMetrics {
  private readonly counts = new Map<string, TopicCount>();
  private version: DataVersion = NO_VERSION;
  private dirty = false;

  constructor(
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly file: JsonFile,
  ) {}

  load(): void {
    const saved = this.file.read();
    this.version = toVersion(saved?.['dataVersion']);
    for (const [topic, value] of Object.entries((saved?.['timingCount'] ?? {}) as Record<string, unknown>)) {
      const { count, timeStamp } = (value ?? {}) as Partial<TopicCount>;
      if (typeof count === 'number') this.counts.set(topic, { count, timeStamp: Number(timeStamp ?? 0) });
    }
  }

  add(topic: string, change: number): void {
    this.set(topic, (this.counts.get(topic)?.count ?? 0) + change);
  }

  get(topic: string): number {
    return this.counts.get(topic)?.count ?? 0;
  }

  removeTopic(topic: string): void {
    if (this.counts.delete(topic)) this.dirty = true;
  }

  /** Counts as the timer log has them, by hash of the topic. Topics nobody knows by name are left out. */
  revise(byHash: ReadonlyMap<number, number>, topics: Iterable<string>): void {
    for (const topic of new Set([...this.counts.keys(), ...topics])) {
      const count = byHash.get(javaHash(topic)) ?? 0;
      if (count !== 0 || this.counts.has(topic)) this.set(topic, count);
    }
  }

  private set(topic: string, count: number): void {
    if (this.get(topic) === count && this.counts.has(topic)) return;
    this.counts.set(topic, { count, timeStamp: this.clock.wallMs() });
    this.dirty = true;
  }

  saveIfChanged(): void {
    if (!this.dirty) return;
    this.version = nextVersion(this.version, 0, this.clock as Clock);
    this.file.write(this.toJson());
    this.dirty = false;
  }

  toJson(): Record<string, unknown> {
    return { dataVersion: this.version, timingCount: Object.fromEntries(this.counts) };
  }
}
