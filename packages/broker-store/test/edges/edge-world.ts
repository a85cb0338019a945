import { type Host, type Logger, nodeHost, silentLog } from '@batonmq/host';
import type { StoreOptions } from '../../src/index';
import { bodiesOf } from '../check-store';
import { MemoryDisk } from '../memory-disk';
import { Fixture, message } from '../store-fixture';

export const LOG_FILE = 2048;
export const LOG = '/store/commitlog';
export type How = 'stop' | 'kill';
export const HOWS = ['stop', 'kill'] as const;

export function logFile(start: number): string {
  return `${LOG}/${String(start).padStart(20, '0')}`;
}

/** A store on a disk in memory, opened and left again and again; the numbers of the tests are those of store-format.md 20. */
export class EdgeWorld {
  readonly disk = new MemoryDisk();
  /** What was logged since the last opening, as `level text fields`. */
  readonly lines: string[] = [];
  wallMs: () => number = Date.now;
  fixture!: Fixture;

  constructor(private readonly options: Partial<StoreOptions> = {}) {}

  async open(more: Partial<StoreOptions> = {}): Promise<Fixture> {
    this.lines.length = 0;
    const base = nodeHost(silentLog);
    const host: Host = {
      ...base,
      files: this.disk.boot(),
      log: this.logger(),
      clock: { ...base.clock, wallMs: () => this.wallMs() },
    };
    const options = { mappedFileSizeCommitLog: LOG_FILE, ...this.options, ...more };
    return (this.fixture = await Fixture.open('/store', options, host));
  }

  /** The end of this store; what it leaves is there for the next one. */
  async leave(how: How): Promise<void> {
    await (how === 'stop' ? this.fixture.store.stop() : this.fixture.kill());
    this.disk.kill();
  }

  async again(how: How, more: Partial<StoreOptions> = {}): Promise<Fixture> {
    await this.leave(how);
    return this.open(more);
  }

  bodies(topic = 'T', queueId = 0): string[] {
    return bodiesOf(this.fixture.store, topic, queueId);
  }

  /** Puts the message `next` into T-0, whole. @returns its queue offset */
  async next(): Promise<number> {
    const { queueOffset, endOffset } = this.fixture.store.put(message('T', 0, 'next'));
    await this.fixture.store.whenDispatched(endOffset);
    return queueOffset;
  }

  remove(prefix: string): void {
    const files = this.disk.boot();
    for (const path of this.disk.paths().filter((each) => each.startsWith(prefix))) files.remove(path);
  }

  private logger(): Logger {
    const at = (level: string) => (fields: object, text: string) =>
      void this.lines.push(`${level} ${text} ${JSON.stringify(fields)}`);
    const log: Logger = {
      debug: () => {},
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: () => log,
    };
    return log;
  }
}

export function numbered(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `m${String(index).padStart(2, '0')}`);
}
