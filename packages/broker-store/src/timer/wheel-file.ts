import type { Files, OpenFile } from '@batonmq/host';
import { StoreError } from '../errors';
import { folderOf } from '../format/file-name';
import type { TimerWheel } from './timer-wheel';
import { SLOT_BYTES } from './timer-wheel';

/** Bytes read at a time when the file is loaded. */
const CHUNK_BYTES = 32 << 10;

/** The file of all slots. Made with the first message; mostly a hole. @source TimerWheel */
export class WheelFile {
  private file: OpenFile | undefined;

  constructor(
    private readonly files: Files,
    private readonly path: string,
    private readonly wheel: TimerWheel,
  ) {}

  get exists(): boolean {
    return (this.files.stat(this.path)?.bytes ?? 0) > 0;
  }

  /** Takes the slots from `timeMs` on into the wheel. @throws StoreError STORE_CORRUPT when it has another length */
  load(timeMs: number): void {
    const { wheel } = this;
    const bytes = this.files.stat(this.path)?.bytes ?? 0;
    if (bytes === 0) return;
    if (bytes !== wheel.fileBytes) {
      throw new StoreError('STORE_CORRUPT', `${this.path} has ${bytes} bytes, expected ${wheel.fileBytes}`, {
        hint: 'move it away: the wheel is built again from the timer log',
      });
    }
    const file = this.open();
    const chunk = Buffer.alloc(CHUNK_BYTES);
    for (let at = 0; at < bytes; at += CHUNK_BYTES) {
      const length = file.readSync(chunk, 0, Math.min(CHUNK_BYTES, bytes - at), at);
      if (!isZero(chunk, length)) wheel.readSlots(chunk.subarray(0, length), at / SLOT_BYTES, timeMs);
    }
  }

  /** Writes runs of slots; not synced. @throws HostError */
  write(runs: readonly { readonly at: number; readonly bytes: Buffer }[]): void {
    if (runs.length === 0) return;
    const file = this.open();
    for (const { at, bytes } of runs) file.writeSync(bytes, 0, bytes.length, at);
  }

  /** @throws HostError */
  async sync(): Promise<void> {
    await this.file?.datasync();
  }

  remove(): void {
    this.close();
    this.files.remove(this.path);
  }

  close(): void {
    this.file?.close();
    this.file = undefined;
  }

  private open(): OpenFile {
    if (this.file !== undefined) return this.file;
    const isNew = !this.exists;
    const file = this.files.open(this.path, 'create');
    if (isNew) {
      file.truncateSync(this.wheel.fileBytes);
      this.files.syncDir(folderOf(this.path));
    }
    return (this.file = file);
  }
}

const ZEROS = Buffer.alloc(CHUNK_BYTES);

function isZero(bytes: Buffer, length: number): boolean {
  return bytes.compare(ZEROS, 0, length, 0, length) === 0;
}
