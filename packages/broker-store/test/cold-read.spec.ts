import { type Files, type Host, type OpenFile, nodeHost, silentLog } from '@batonmq/host';
import { RecordHeader } from '../src/format/record';
import type { MessageStore } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

/** Counts the reads of the commit log, by the thread that waits for them. */
class Reads {
  blocking: number[] = [];
  background: number[] = [];
  /** Resolves when the background reads so far have been told of. */
  settled: Promise<unknown> = Promise.resolve();

  files(files: Files): Files {
    return Object.assign(Object.create(files) as Files, {
      open: (path: string, mode: 'read' | 'write' | 'create') => {
        const file = files.open(path, mode);
        return path.includes('commitlog') ? this.counting(file) : file;
      },
    });
  }

  private counting(file: OpenFile): OpenFile {
    return Object.assign(Object.create(file) as OpenFile, {
      readSync: (target: Buffer, start: number, length: number, position: number) => {
        this.blocking.push(length);
        return file.readSync(target, start, length, position);
      },
      read: (target: Buffer, start: number, length: number, position: number) => {
        this.background.push(length);
        const got = file.read(target, start, length, position);
        this.settled = Promise.all([this.settled, got.catch(() => 0)]);
        return got;
      },
    });
  }
}

const MiB = 1 << 20;
const QUEUES = 4;
const sum = (list: number[]): number => list.reduce((total, each) => total + each, 0);

/** 8 MiB of messages of about 2 KB in four queues, all behind the tail cache. */
async function backlog(reads: Reads, mappedFileSizeCommitLog = 4 * MiB): Promise<Fixture> {
  const plain = nodeHost(silentLog);
  const host: Host = { ...plain, files: reads.files(plain.files) };
  const fixture = await Fixture.open(tempRoot(), { mappedFileSizeCommitLog, tailCacheBytes: 1 }, host);
  for (let i = 0; i < 4000; i++) {
    fixture.store.put(message('T', i % QUEUES, Buffer.alloc(1900, i)));
    if (i % 100 === 0) await fixture.store.whenDurable(fixture.store.log.maxOffset());
  }
  await fixture.store.whenDispatched(fixture.store.log.maxOffset());
  reads.blocking = [];
  reads.background = [];
  return fixture;
}

/** Pulls all of a queue; checks that the records are those that were put. */
async function readAll(store: MessageStore, queueId: number, between: () => unknown): Promise<Buffer[]> {
  const kept: Buffer[] = [];
  const header = new RecordHeader();
  let number = 0;
  for (let offset = 0; offset < store.maxOffsetInQueue('T', queueId);) {
    const found = store.getMessages('T', queueId, offset, 32, MiB);
    for (const slice of found.messages) {
      for (let at = 0; at < slice.length; at += header.size, number++) {
        header.read(slice, at, slice.length - at);
        const body = slice[header.bodyStart];
        if (header.queueOffset !== number || body !== ((number * QUEUES + queueId) & 0xff)) {
          throw new Error(`queue ${queueId}, message ${number}: found ${header.queueOffset} with body ${body}`);
        }
      }
      kept.push(slice);
    }
    offset = found.nextBeginOffset;
    await between();
  }
  return kept;
}

afterAll(removeTempRoots);

describe('reading behind the tail cache', () => {
  it('gives slices that never change, hold little more than themselves, and few of them', async () => {
    const { store } = await backlog(new Reads());
    const kept = await readAll(store, 0, () => undefined);
    const copies = kept.map((slice) => Buffer.from(slice));
    for (let queue = 1; queue < QUEUES; queue++) await readAll(store, queue, () => undefined);
    expect(kept.every((slice, i) => slice.equals(copies[i] as Buffer))).toBe(true);
    const buffers = new Set(kept.map((slice) => slice.buffer));
    const sizes = [...buffers].map((buffer) => buffer.byteLength).sort((a, b) => a - b);
    // The last one is of the tail cache.
    expect([sizes.at(-2), sizes.at(-1)]).toEqual([64 << 10, MiB]);
    expect(buffers.size).toBeLessThan(kept.reduce((sum, slice) => sum + slice.length, 0) / (48 << 10));
    const old = kept.filter((slice) => slice.buffer.byteLength === 64 << 10);
    expect(old.length).toBeLessThan(3 * Math.ceil(1000 / 32));
    await store.stop();
  });

  it('reads each part of the log once for queues that are read at the same pace', async () => {
    const reads = new Reads();
    const { store } = await backlog(reads);
    for (let offset = 0; offset < 1000; offset += 32) {
      for (let queue = 0; queue < QUEUES; queue++) {
        expect(store.getMessages('T', queue, offset, 32, MiB).status).toBe('FOUND');
        await reads.settled;
      }
    }
    const bytes = sum(reads.blocking) + sum(reads.background);
    expect(bytes / store.log.maxOffset()).toBeLessThan(1.1);
    await store.stop();
  });

  it('has what a reader needs next read in the background', async () => {
    const reads = new Reads();
    const { store } = await backlog(reads);
    await readAll(store, 0, () => reads.settled);
    expect(sum(reads.background)).toBeGreaterThan(6 * MiB);
    expect(sum(reads.blocking)).toBeLessThan(2 * MiB);
    await store.stop();
  });

  it('reads only the records when they lie far apart', async () => {
    const reads = new Reads();
    const { store } = await backlog(reads);
    for (let i = 0; i < 200; i++) {
      store.put(message('Rare', 0, 'x'));
      for (let k = 0; k < 40; k++) store.put(message('T', 9, Buffer.alloc(1900)));
      await store.whenDurable(store.log.maxOffset());
    }
    await store.whenDispatched(store.log.maxOffset());
    reads.blocking = [];
    expect(store.getMessages('Rare', 0, 0, 32, MiB).count).toBe(32);
    expect(reads.blocking.length).toBeLessThanOrEqual(32);
    expect(Math.max(...reads.blocking)).toBeLessThan(1000);
    await store.stop();
  });

  it('forgets what was being read ahead when the log is cut meanwhile', async () => {
    const reads = new Reads();
    const { store } = await backlog(reads);
    const half = store.log.maxOffset() / 2;
    // Two pulls: the second window of the way shows that the reader goes forward.
    for (let offset = 0; offset < 96 && reads.background.length === 0; offset += 32) {
      store.getMessages('T', 0, offset, 32, MiB);
    }
    expect(reads.background.length).toBeGreaterThan(0);
    await store.log.truncate(0);
    for (let i = 0; store.log.maxOffset() < half; i++) {
      store.put(message('T', i % QUEUES, Buffer.alloc(1900, i)));
      if (i % 100 === 0) await store.whenDurable(store.log.maxOffset());
    }
    await store.whenDispatched(store.log.maxOffset());
    await reads.settled;
    for (let queue = 0; queue < QUEUES; queue++) await readAll(store, queue, () => reads.settled);
    await store.stop();
  });
});
