import { existsSync, mkdtempSync, readdirSync, readlinkSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { decodeMessage } from '../src/index';
import { MemoryDisk } from './memory-disk';
import { nodeHost, silentLog } from '@batonmq/host';
import { Fixture, message } from './store-fixture';

/** BATONMQ_STORE_QUEUES=50000 for the whole number, which takes a minute. */
const QUEUES = Number(process.env['BATONMQ_STORE_QUEUES'] ?? 10_000);
const TOPICS = 250;
const QUEUES_EACH = QUEUES / TOPICS;
/** Where a hundred thousand files cost no disk. */
const PLACE = existsSync('/dev/shm') ? '/dev/shm' : tmpdir();

/** Files of the store that this process holds open. */
function openIn(root: string): number {
  const target = (name: string): string => {
    try {
      return readlinkSync(join('/proc/self/fd', name));
    } catch {
      return '';
    }
  };
  return readdirSync('/proc/self/fd').filter((name) => target(name).startsWith(root)).length;
}

it(`${QUEUES} queues need few open files, also after a restart`, async () => {
  if (!existsSync('/proc/self/fd')) return;
  const root = mkdtempSync(join(PLACE, 'store-queues-'));
  const options = { mappedFileSizeConsumeQueue: 200, mappedFileSizeCommitLog: 4 << 20, messageIndexEnable: false };
  const at = (n: number): [topic: string, queueId: number] => [`topic-${n % TOPICS}`, Math.floor(n / TOPICS)];
  const total = TOPICS * QUEUES_EACH;
  let most = 0;
  const check = ({ store }: Fixture, each: number): void => {
    for (let n = 0; n < total; n += each) {
      const found = store.getMessages(...at(n), 0, 32, 1000);
      expect([n, found.count]).toEqual([n, 1]);
      expect(decodeMessage(found.messages[0] as Buffer).body.toString()).toBe(`m${n}`);
    }
    most = Math.max(most, openIn(root));
  };
  try {
    let f = await Fixture.open(root, options);
    for (let n = 0; n < total; n++) {
      f.store.put(message(...at(n), `m${n}`));
      if (n % 1000 === 999) await f.store.whenDurable(f.store.log.maxOffset());
      if (n % 10_000 === 9999) most = Math.max(most, openIn(root));
    }
    await f.store.whenDispatched(f.store.log.maxOffset());
    check(f, 7);
    await f.store.stop();
    f = await Fixture.open(root, options);
    expect([...f.store.queues]).toHaveLength(total);
    check(f, 7);
    expect(f.store.put(message(...at(4711), 'next')).queueOffset).toBe(1);
    await f.store.stop();
    // 512 queue files, 32 of the log, and those of the directory itself.
    expect(most).toBeGreaterThan(100);
    expect(most).toBeLessThan(570);
  } finally {
    rmSync(root, { recursive: true, force: true });
  }
}, 240_000);

it.each([1, 4, 16])(
  'the newest part of the log takes tailCacheBytes of memory (%i MiB), and says so',
  async (mib) => {
    const files = new MemoryDisk().boot();
    const options = { tailCacheBytes: mib << 20, mappedFileSizeCommitLog: 4 << 20 };
    const { store } = await Fixture.open('/store', options, { ...nodeHost(silentLog), files });
    for (let n = 0; n < 24; n++) {
      for (let i = 0; i < 16; i++) store.put(message('T', 0, Buffer.alloc(64 << 10, n)));
      await store.whenDurable(store.log.maxOffset());
      expect(store.status().tailCacheBytes).toBeLessThanOrEqual((mib + 1) << 20);
    }
    expect(store.status().tailCacheBytes).toBeGreaterThan((mib - 1) << 20);
    await store.stop();
  },
  60_000,
);
