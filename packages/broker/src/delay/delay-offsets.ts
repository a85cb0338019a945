import type { Host } from '@batonmq/host';
import { NO_VERSION, nextVersion, toVersion, type DataVersion } from '../metadata/data-version';
import type { JsonFile } from '../metadata/json-file';
import { LogLedger, type Mark } from '../progress/log-ledger';

/** Queue offset below which all is delivered; the log has the deliveries below `logEnd`. */
interface Reached extends Mark {
  readonly offset: number;
}

export interface DelayOffsetsJson {
  readonly dataVersion: DataVersion;
  readonly offsetTable: Readonly<Record<string, number>>;
}

/**
 * Next queue offset per delay level: config/delayOffset.json. A delivered message is in the log a second time; were that
 * copy lost while the offset is kept, by a power loss or because another replica becomes master, the message would be lost.
 * So an offset is saved, or told to slaves, only together with the end of the log that it needs.
 */
export class DelayOffsets {
  private readonly levels = new Map<number, LogLedger<Reached>>();
  private version: DataVersion = NO_VERSION;
  private saved = '{}';

  constructor(
    private readonly host: Pick<Host, 'clock'>,
    private readonly file: JsonFile,
  ) {}

  load(): void {
    const saved = this.file.read();
    this.version = toVersion(saved?.['dataVersion']);
    for (const [level, offset] of entriesOf(saved?.['offsetTable']))
      this.levels.set(level, new LogLedger({ offset, logEnd: 0 }));
    this.saved = JSON.stringify(this.tableFor(0));
  }

  /** Where delivery of a level goes on. */
  get(level: number): number {
    return this.levels.get(level)?.current.offset ?? 0;
  }

  /** Everything below `offset` is delivered, once the log is safe up to `logEnd`. */
  reached(level: number, offset: number, logEnd = 0): void {
    const ledger = this.levels.get(level);
    if (ledger === undefined) {
      const first = new LogLedger<Reached>({ offset: 0, logEnd: 0 });
      first.add({ offset, logEnd });
      this.levels.set(level, first);
    } else if (offset !== ledger.current.offset) {
      ledger.add({ offset, logEnd: Math.max(logEnd, ledger.current.logEnd) });
    }
  }

  /** As a slave: what the master tells. @param logEnd the end of the log that it needs */
  take(offsetTable: unknown, logEnd: number): void {
    for (const [level, offset] of entriesOf(offsetTable)) this.reached(level, offset, logEnd);
  }

  /** The log ends at `logEnd`: what is not in it has to be delivered again. */
  cutTo(logEnd: number): void {
    for (const ledger of this.levels.values()) ledger.cutTo(logEnd);
  }

  /** What holds for a log safe up to `logEnd`. @throws HostError */
  saveIfChanged(logEnd: number): void {
    const table = JSON.stringify(this.tableFor(logEnd));
    if (this.saved === table) return;
    this.version = nextVersion(this.version, 0, this.host.clock);
    this.file.write(this.toJson(logEnd));
    this.saved = table;
  }

  /** What holds for a log safe up to `logEnd`. */
  toJson(logEnd: number): DelayOffsetsJson {
    return { dataVersion: this.version, offsetTable: this.tableFor(logEnd) };
  }

  private tableFor(logEnd: number): Record<string, number> {
    const reached = [...this.levels].map(([level, ledger]) => [level, ledger.newest(logEnd)?.offset] as const);
    return Object.fromEntries(reached.filter((entry): entry is [number, number] => entry[1] !== undefined));
  }
}

function entriesOf(value: unknown): [level: number, offset: number][] {
  return Object.entries((value ?? {}) as Record<string, unknown>).flatMap(([level, offset]) =>
    typeof offset === 'number' ? [[Number(level), offset] as [number, number]] : [],
  );
}
