import { textOf, type Checksums, type Files, type Logger } from '@batonmq/host';
import { HaError } from '../errors';
import type { EpochEntry } from './epoch-entry';
import { decodeEpochs, encodeEpochs } from './epoch-file-format';

/**
 * The history of a log: which master epoch began where. In RocketMQ's file format, replaced as a whole, atomic and
 * synced when a method returns (the reference writes in place, unsynced); the content before is kept as `.bak`.
 * Entries ascend in epoch and in start offset.
 *
 * @source EpochFileCache, CheckpointFile
 */
export class EpochFile {
  private list: readonly EpochEntry[] = [];

  constructor(
    private readonly host: { readonly files: Files; readonly checksums: Checksums; readonly log?: Logger },
    private readonly path: string,
  ) {}

  /** Reads the file; a damaged or missing one is replaced by `.bak`, two damaged ones by an empty list. Never throws on content. */
  load(): void {
    this.list = this.readFrom(this.path) ?? this.readFrom(`${this.path}.bak`) ?? [];
  }

  get entries(): readonly EpochEntry[] {
    return this.list;
  }

  /** -1 for an empty history. */
  lastEpoch(): number {
    return this.list.at(-1)?.epoch ?? -1;
  }

  /**
   * A new epoch begins. Last entries that start at or after `startOffset` have no data in this log and give way to it:
   * every epoch with data has its own label (`empty-epochs`). Repeating the last entry does nothing.
   * @throws HaError HA_EPOCH_ORDER when a remaining entry has the same or a higher epoch
   */
  append(epoch: number, startOffset: number): void {
    const last = this.list.at(-1);
    if (last !== undefined && last.epoch === epoch && last.startOffset === startOffset) return;
    const kept = this.list.filter((entry) => entry.startOffset < startOffset);
    const highest = Math.max(kept.at(-1)?.epoch ?? -1, last?.epoch ?? -1);
    if (epoch <= highest) {
      throw new HaError('HA_EPOCH_ORDER', `epoch ${epoch} from ${startOffset} cannot follow epoch ${highest}`);
    }
    this.write([...kept, { epoch, startOffset }]);
  }

  /** Drops entries that start above `offset`. One that starts there stays: it has no data yet, but it was seen. */
  truncateSuffix(offset: number): void {
    this.replace(this.list.filter((entry) => entry.startOffset <= offset));
  }

  /** Drops entries above `epoch`: what follows the newest epoch shared with a master. */
  dropAbove(epoch: number): void {
    this.replace(this.list.filter((entry) => entry.epoch <= epoch));
  }

  /** Drops entries that end at or below `offset`, after old files of the log were deleted. The last one stays. */
  truncatePrefix(offset: number): void {
    this.replace(this.list.filter((_, i) => (this.list[i + 1]?.startOffset ?? Infinity) > offset));
  }

  private replace(list: readonly EpochEntry[]): void {
    if (list.length !== this.list.length) this.write(list);
  }

  private write(list: readonly EpochEntry[]): void {
    const { files, checksums } = this.host;
    const before = files.readAll(this.path);
    if (before !== undefined && before.length > 0) files.replace(`${this.path}.bak`, before);
    files.replace(this.path, encodeEpochs(list, checksums));
    this.list = list;
  }

  private readFrom(path: string): readonly EpochEntry[] | undefined {
    try {
      const content = this.host.files.readAll(path);
      if (content === undefined) return undefined;
      const list = decodeEpochs(content.toString('utf8'), this.host.checksums);
      if (list === undefined) this.host.log?.warn({ path, bytes: content.length }, 'damaged epoch file is not used');
      return list;
    } catch (error) {
      this.host.log?.warn({ path, error: textOf(error) }, 'epoch file cannot be read');
      return undefined;
    }
  }
}
