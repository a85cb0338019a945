import type { Files, Logger } from '@batonmq/host';
import { FileSeries } from '../file-series';
import { OpenFiles } from '../open-files';
import { BLANK_NODE_BYTES, NODE_BYTES, NodeView, blankNode, lastNodePlace, writeNode } from './timer-node';

const MAX_OPEN_FILES = 4;
/** Nodes kept back until `write`: one group. */
const GROUP_NODES = 1024;
const SCAN_BYTES = NODE_BYTES * 20_000;
/** Read ahead of a node, against the direction of time: the nodes before it are wanted next. */
const WINDOW_BYTES = 8192;

/**
 * The nodes of all slots in the order they were linked, in files of one size; a node never crosses a file.
 * @source TimerLog
 */
export class TimerLog {
  /** Behind the last node. */
  end = 0;
  readonly series: FileSeries;
  private readonly open: OpenFiles;
  private readonly group = Buffer.alloc(GROUP_NODES * NODE_BYTES);
  private groupStart = 0;
  private groupBytes = 0;
  private readonly view = new NodeView();
  private readonly window = Buffer.alloc(WINDOW_BYTES);
  private windowStart = 0;
  private windowEnd = 0;

  constructor(
    private readonly files: Files,
    directory: string,
    fileSize: number,
  ) {
    this.open = new OpenFiles(files, MAX_OPEN_FILES);
    this.series = new FileSeries(files, this.open, directory, fileSize);
  }

  /** Lists the files. @throws StoreError STORE_CORRUPT */
  load(log: Logger): void {
    // As after a crash, always: what a short file lacks is found missing, and linked again.
    this.series.load(false, log);
    this.end = this.series.first ?? 0;
  }

  /** A file between others is missing. */
  get hasGap(): boolean {
    const { starts, fileSize } = this.series;
    return starts.some((start, i) => i > 0 && start !== (starts[i - 1] as number) + fileSize);
  }

  /** Adds a node and tells its position. It is in the file after `write`. @throws HostError when a new file cannot be made */
  append(
    previous: number,
    bits: number,
    writeMs: number,
    slotMs: number,
    phy: number,
    size: number,
    topicHash: number,
  ): number {
    this.makeRoom();
    const position = this.end;
    writeNode(this.group, this.groupBytes, previous, bits, writeMs, slotMs, phy, size, topicHash);
    this.groupBytes += NODE_BYTES;
    this.end += NODE_BYTES;
    return position;
  }

  private makeRoom(): void {
    if (this.groupBytes === this.group.length) this.write();
    const { series } = this;
    const { last } = series;
    const left = last === undefined ? 0 : last + series.fileSize - this.end;
    if (left >= NODE_BYTES + BLANK_NODE_BYTES) {
      if (this.groupBytes === 0) this.groupStart = this.end;
      return;
    }
    this.write();
    if (left > 0) {
      series.write(blankNode(left), 0, BLANK_NODE_BYTES, this.end);
      this.end += left;
    }
    series.create(this.end);
    this.groupStart = this.end;
  }

  /** Brings the group into the file. @throws HostError; to be repeated */
  write(): void {
    if (this.groupBytes === 0) return;
    this.series.write(this.group, 0, this.groupBytes, this.groupStart);
    this.groupBytes = 0;
    this.windowEnd = 0;
  }

  /** A node that has been written; undefined when there is none at `position`. The view is used again by the next call. */
  node(position: number): NodeView | undefined {
    const { series, view } = this;
    if (position < (series.first ?? Infinity) || position + NODE_BYTES > this.end) return undefined;
    if (position < this.windowStart || position + NODE_BYTES > this.windowEnd) this.readWindow(position);
    return view.read(this.window, position - this.windowStart, this.windowEnd - this.windowStart) === 'node'
      ? view
      : undefined;
  }

  private readWindow(position: number): void {
    const { series } = this;
    const fileStart = series.startOf(position);
    this.windowStart = Math.max(fileStart, position + NODE_BYTES - WINDOW_BYTES);
    const length = position + NODE_BYTES - this.windowStart;
    this.windowEnd = this.windowStart;
    if (series.has(fileStart)) this.windowEnd += series.read(this.window, 0, length, this.windowStart);
  }

  /**
   * Visits the nodes from the file of `from` on, until one is bad or there are no more.
   * @returns where it stopped: the end of what is good
   */
  scan(from: number, visit: (position: number, node: NodeView) => void, until = Infinity): number {
    const { series, view } = this;
    const chunk = Buffer.alloc(Math.min(SCAN_BYTES, series.fileSize));
    const first = series.starts.findLast((start) => start <= from) ?? series.first;
    let end = first ?? 0;
    for (const start of series.starts) {
      if (start < (first as number)) continue;
      if (start !== end) break;
      const stop = this.scanFile(start, chunk, view, until, visit);
      end = stop.at;
      if (stop.why !== 'blank') break;
      end = start + series.fileSize;
    }
    return end;
  }

  private scanFile(
    start: number,
    chunk: Buffer,
    view: NodeView,
    until: number,
    visit: (position: number, node: NodeView) => void,
  ): { at: number; why: 'blank' | 'bad' } {
    const { fileSize } = this.series;
    for (let at = start; ;) {
      const length = this.series.read(chunk, 0, Math.min(chunk.length, start + fileSize - at), at);
      const chunkStart = at;
      for (;;) {
        if (at >= until) return { at, why: 'bad' };
        const left = chunkStart + length - at;
        // A node at the chunk's end is read whole with the next chunk.
        if (left < NODE_BYTES && at !== chunkStart && chunkStart + length < start + fileSize) break;
        const kind = view.read(chunk, at - chunkStart, length);
        if (kind !== 'node') return { at, why: kind };
        visit(at, view);
        at += NODE_BYTES;
      }
    }
  }

  /** Removes what is at and behind `position`; new nodes go there. @throws HostError */
  cut(position: number): void {
    this.series.cut(position, false);
    this.end = position;
    this.groupBytes = 0;
    this.windowEnd = 0;
  }

  /**
   * Removes files whose nodes all refer to what the commit log has no more; the newest stays.
   * @param needed nodes from here on are linked to slots still to come
   * @returns number of files removed
   */
  removeExpired(minPhy: number, needed: number): number {
    const { series } = this;
    let count = 0;
    for (let first = series.first; first !== undefined && series.starts.length > 1; first = series.first) {
      if (first + series.fileSize > needed) break;
      const last = this.node(first + lastNodePlace(series.fileSize));
      if (last === undefined || last.phy >= minPhy) break;
      series.removeFirst();
      this.windowEnd = 0;
      count++;
    }
    return count;
  }

  /** Makes durable what has been written. @throws HostError */
  async sync(from: number): Promise<void> {
    const starts = this.series.starts.filter((start) => start + this.series.fileSize > from);
    for (const start of starts) await this.series.syncFile(start);
    const directories = new Set<string>();
    this.series.takeNewNames(2, directories);
    for (const directory of directories) this.files.syncDir(directory);
  }

  close(): void {
    this.open.closeAll();
  }
}
