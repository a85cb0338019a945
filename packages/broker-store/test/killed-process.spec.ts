import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Host, Logger } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { Fixture, hostOfBoot, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

const QUEUES = 5;
const BODIES = Array.from({ length: 40 }, (_, index) => `m${index}`);

interface Watched {
  readonly host: Host;
  /** Where recovery began to read the log. */
  from: number;
  /** Queue files cut or removed. */
  cuts: number;
}

function watched(bootId: string): Watched {
  const host = hostOfBoot(bootId);
  const log: Logger = Object.assign(Object.create(host.log) as Logger, {
    info: (fields: { from: number }, text: string) => {
      if (text === 'commit log recovered') seen.from = fields.from;
    },
  });
  const files: Host['files'] = Object.assign(Object.create(host.files) as Host['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = host.files.open(path, mode);
      const { truncateSync } = file;
      if (path.includes('consumequeue'))
        file.truncateSync = (bytes) => {
          seen.cuts++;
          truncateSync.call(file, bytes);
        };
      return file;
    },
    remove: (path: string) => {
      if (path.includes('consumequeue')) seen.cuts++;
      host.files.remove(path);
    },
  });
  const seen: Watched = { host: { ...host, log, files }, from: -1, cuts: 0 };
  return seen;
}

/** Killed at boot `a` when everything it had been given was written. */
async function killedStore(): Promise<string> {
  const root = tempRoot();
  const first = await Fixture.open(root, {}, hostOfBoot('a'));
  await first.put(...BODIES.map((body, at) => message('T', at % QUEUES, body)));
  await first.kill();
  // Its recovery writes what the first one had in memory.
  const second = await Fixture.open(root, {}, hostOfBoot('a'));
  await second.kill();
  return root;
}

async function reopened(root: string, bootId: string): Promise<Watched> {
  const seen = watched(bootId);
  const fixture = await Fixture.open(root, {}, seen.host);
  for (let queue = 0; queue < QUEUES; queue++)
    expect(bodiesOf(fixture.store, 'T', queue)).toEqual(BODIES.filter((_, at) => at % QUEUES === queue));
  const put = fixture.store.put(message('T', 0, 'next'));
  expect(put.queueOffset).toBe(BODIES.length / QUEUES);
  await fixture.store.stop();
  return seen;
}

describe('the start after a kill', () => {
  it('begins where the last process had written everything, and leaves queue files alone', async () => {
    const seen = await reopened(await killedStore(), 'a');
    expect(seen.from).toBeGreaterThan(0);
    expect(seen.cuts).toBe(0);
  });

  it('begins further back after a power loss', async () => {
    expect((await reopened(await killedStore(), 'b')).from).toBe(0);
  });

  it('begins further back when a Java broker was here', async () => {
    const root = await killedStore();
    writeFileSync(join(root, 'abort'), '4711');
    expect((await reopened(root, 'a')).from).toBe(0);
  });

  it('begins further back when a sync of the log had failed', async () => {
    const root = await killedStore();
    writeFileSync(join(root, 'unsynced'), '0\n');
    expect((await reopened(root, 'a')).from).toBe(0);
  });

  it('begins further back when what is noted is damaged', async () => {
    const root = await killedStore();
    const text = readFileSync(join(root, 'abort'), 'latin1');
    writeFileSync(join(root, 'abort'), text.replace(/written 0/, 'written 1'));
    expect((await reopened(root, 'a')).from).toBe(0);
  });

  it('begins further back when queues do not have what is noted', async () => {
    const root = await killedStore();
    rmSync(join(root, 'consumequeue', 'T', '3'), { recursive: true });
    expect((await reopened(root, 'a')).from).toBe(0);
  });
});

it('what is noted is gone after a clean stop, and each start begins it anew', async () => {
  const root = await killedStore();
  const noted = /^written \d{16} a /m;
  expect(readFileSync(join(root, 'abort'), 'latin1')).toMatch(noted);
  const fixture = await Fixture.open(root, {}, hostOfBoot('a'));
  expect(readFileSync(join(root, 'abort'), 'latin1')).toMatch(noted);
  await fixture.store.stop();
  expect(() => readFileSync(join(root, 'abort'))).toThrow('ENOENT');
});

it('a failed sync of queues takes back what was noted', async () => {
  const root = tempRoot();
  const host = hostOfBoot('a');
  const files: Host['files'] = Object.assign(Object.create(host.files) as Host['files'], {
    open: (path: string, mode: 'read' | 'write' | 'create') => {
      const file = host.files.open(path, mode);
      if (path.includes('consumequeue')) file.datasync = () => Promise.reject(new Error('i/o error'));
      return file;
    },
  });
  const fixture = await Fixture.open(
    root,
    { flushIntervalConsumeQueue: 5, flushConsumeQueueThoroughInterval: 1 },
    {
      ...host,
      files,
    },
  );
  await fixture.put(message('T', 0, 'm'));
  while (!/^written -{16} a /m.test(readFileSync(join(root, 'abort'), 'latin1')))
    await new Promise((resolve) => setImmediate(resolve));
  await fixture.kill();
});
