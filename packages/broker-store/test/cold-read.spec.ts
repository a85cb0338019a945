import { type Files, type Host, type OpenFile, nodeHost, silentLog } from '@batonmq/host';
import { RecordHeader } from '../src/format/record';
import type { MessageStore, StoreOptions } from '../src/index';
import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

/** Counts the reads of the commit log, by the thread that waits for them, and those of the queues. */
class Reads {
  blocking: number[] = [];
  background: number[] = [];
  /** Bytes of `blocking` that had not been read in the background before: that waited for the disk. */
  missed = 0;
  queues: number[] = [];
  private readonly inMemory: Record<string, { from: number; to: number }[]> = {};
  /** Resolves when the background reads so far have been told of. */
  settled: Promise<unknown> = Promise.resolve();

  host(): Host {
    const plain = nodeHost(silentLog);
    return { ...plain, files: this.files(plain.files) };
  }

  private files(files: Files): Files {
    return Object.assign(Object.create(files) as Files, {
      open: (path: string, mode: 'read' | 'write' | 'create') => {
        const file = files.open(path, mode);
        if (path.includes('commitlog')) return this.counting(file);
        return path.includes('consumequeue/') ? this.countingQueue(file) : file;
      },
    });
  }

  private countingQueue(file: OpenFile): OpenFile {
    return Object.assign(Object.create(file) as OpenFile, {
      readSync: (target: Buffer, start: number, length: number, position: number) => {
        this.queues.push(length);
        return file.readSync(target, start, length, position);
      },
    });
  }

  private counting(file: OpenFile): OpenFile {
    const inMemory: { from: number; to: number }[] = (this.inMemory[file.path] ??= []);
    return Object.assign(Object.create(file) as OpenFile, {
      readSync: (target: Buffer, start: number, length: number, position: number) => {
        this.blocking.push(length);
        let at = position;
        for (const { from, to } of inMemory.sort((a, b) => a.from - b.from)) if (from <= at && to > at) at = to;
        this.missed += Math.max(0, position + length - at);
        return file.readSync(target, start, length, position);
      },
      read: (targets: Buffer[], position: number) => {
        this.background.push(sum(targets.map((target) => target.length)));
        const got = file.read(targets, position).then((count) => {
          inMemory.push({ from: position, to: position + count });
          return count;
        });
        this.settled = Promise.all([this.settled, got.catch(() => 0)]);
        return got;
      },
    });
  }
}

const MiB = 1 << 20;
const QUEUES = 4;
const sum = (list: number[]): number => list.reduce((total, each) => total + each, 0);

const options = (mappedFileSizeCommitLog = 4 * MiB): Partial<StoreOptions> => ({
  mappedFileSizeCommitLog,
  mappedFileSizeConsumeQueue: 6_000_000,
  tailCacheBytes: 1,
});

/** Units are then in the files only. */
async function reopened(root: string, reads: Reads): Promise<MessageStore> {
  const { store } = await Fixture.open(root, options(), reads.host());
  reads.queues = [];
  return store;
}

/** 8 MiB of messages of about 2 KB in four queues, all behind the tail cache. */
async function backlog(reads: Reads, mappedFileSizeCommitLog = 4 * MiB): Promise<Fixture> {
  const host = reads.host();
  const fixture = await Fixture.open(tempRoot(), options(mappedFileSizeCommitLog), host);
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
    expect(sum(reads.blocking) / store.log.maxOffset()).toBeLessThan(1.1);
    expect((reads.missed + sum(reads.background)) / store.log.maxOffset()).toBeLessThan(1.1);
    await store.stop();
  });

  it('has what a reader needs next read in the background', async () => {
    const reads = new Reads();
    const { store } = await backlog(reads);
    await readAll(store, 0, () => reads.settled);
    expect(sum(reads.background)).toBeGreaterThan(6 * MiB);
    expect(reads.missed).toBeLessThan(2 * MiB);
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

  it('reads a thousand units of a queue at once', async () => {
    const reads = new Reads();
    const { store, root } = await backlog(reads);
    await store.stop();
    const again = await reopened(root, reads);
    for (let offset = 0; offset < 900; offset += 32) {
      for (let queue = 0; queue < QUEUES; queue++)
        expect(again.getMessages('T', queue, offset, 32, MiB).nextBeginOffset).toBe(offset + 32);
    }
    expect(reads.queues).toEqual(Array(QUEUES).fill(1000 * 20));
    await again.stop();
  });

  it('gives a pull that begins in what was read and ends behind it all that it asks for', async () => {
    const reads = new Reads();
    const { store, root } = await backlog(reads);
    for (let i = 0; i < 2000; i++) store.put(message('Long', 0, 'x'));
    await store.whenDispatched(store.log.maxOffset());
    await store.stop();
    const again = await reopened(root, reads);
    expect(again.getMessages('Long', 0, 0, 32, MiB).count).toBe(32);
    expect(again.getMessages('Long', 0, 1010, 32, MiB).count).toBe(32);
    expect(again.getMessages('Long', 0, 1012, 32, MiB).count).toBe(32);
    expect(again.getMessages('Long', 0, 0, 32, MiB).count).toBe(32);
    expect(reads.queues).toEqual([20_480, 990 * 20, 20_480]);
    await again.stop();
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
