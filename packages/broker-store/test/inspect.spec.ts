import { nodeHost, silentLog } from '@batonmq/host';
import type { Files } from '@batonmq/host';
import { inspectStore, reportText } from '../src/index';
import { MemoryDisk } from './memory-disk';
import { Fixture, message } from './store-fixture';

const OPTIONS = { mappedFileSizeCommitLog: 4096 };
const LOG = '/store/commitlog';

/** A store with three segments, two queues and keys. */
async function filled(how: 'stop' | 'kill' = 'stop'): Promise<MemoryDisk> {
  const disk = new MemoryDisk();
  const host = { ...nodeHost(silentLog), files: disk.boot() };
  const f = await Fixture.open('/store', OPTIONS, host);
  for (let i = 0; i < 60; i++) await f.put(message('T', i % 2, `m${i}`, { properties: `KEYS\u0001k${i}\u0002` }));
  if (how === 'stop') await f.store.stop();
  else await f.kill();
  disk.kill();
  disk.set('/store/epochFileCheckpoint', Buffer.from('2\n0\n1-0\n4-2000\n'));
  return disk;
}

/** Everything that would change something throws. */
function readOnly(files: Files): Files {
  const refuse = (): never => {
    throw new Error('inspect changes something');
  };
  const open: Files['open'] = (path, mode) => {
    if (mode !== 'read') refuse();
    return { ...files.open(path, mode), writeSync: refuse, truncateSync: refuse, datasync: refuse };
  };
  const none = { makeDirs: refuse, remove: refuse, removeTree: refuse, rename: refuse, syncDir: refuse };
  return { ...files, ...none, replace: refuse, lock: refuse, open };
}

function inspect(disk: MemoryDisk): ReturnType<typeof inspectStore> {
  return inspectStore({ ...nodeHost(silentLog), files: readOnly(disk.boot()) }, '/store');
}

describe('inspect', () => {
  it('shows a healthy store', async () => {
    const report = inspect(await filled());
    expect(report.problem).toBeUndefined();
    expect(report).toMatchObject({ cleanStop: true, minOffset: 0, records: 60 });
    expect(report.segments.map((each) => each.start)).toEqual([0, 4096]);
    expect(report.queues).toMatchObject([
      { topic: 'T', queueId: 0, minOffset: 0, maxOffset: 30, files: 1 },
      { topic: 'T', queueId: 1, minOffset: 0, maxOffset: 30, files: 1 },
    ]);
    expect(report.epochs).toEqual([
      { epoch: 1, startOffset: 0 },
      { epoch: 4, startOffset: 2000 },
    ]);
    expect(report.checkpoint?.confirmOffset).toBe(report.maxOffset);
    expect(report.indexFiles).toMatchObject([{ entries: 60 }]);
    const text = reportText(report);
    for (const part of ['last stop    clean', '60 records', 'T 1  0 to 30', '4  from 2000', 'problem      none found'])
      expect(text).toContain(part);
  });

  it('shows a running or killed store, whose file of Java (24 bytes) has no confirm offset', async () => {
    const disk = await filled('kill');
    disk.set('/store/checkpoint', Buffer.alloc(24));
    const report = inspect(disk);
    expect(report.cleanStop).toBe(false);
    expect(report.checkpoint?.confirmOffset).toBe(0);
    expect(report.records).toBe(60);
  });

  it('names a torn tail', async () => {
    const disk = await filled('kill');
    const { maxOffset } = inspect(disk);
    const last = disk.content(`${LOG}/00000000000000004096`) as Buffer;
    last.fill(0, maxOffset - 4096 - 20, maxOffset - 4096 - 1);
    const { problem, records } = inspect(disk);
    expect(records).toBe(59);
    expect(problem).toMatchObject({
      file: 'commitlog/00000000000000004096',
      what: expect.stringContaining('not zeros'),
    });
    expect(problem?.advice).toContain('cut-tail');
  });

  it('names damage in the middle, with its offset', async () => {
    const disk = await filled();
    const content = disk.content(`${LOG}/00000000000000000000`) as Buffer;
    const at = content.indexOf('m7') as number;
    content.writeUInt8(0x21, at);
    const { problem } = inspect(disk);
    expect(problem?.offset).toBeLessThan(at);
    expect(problem?.offset).toBeGreaterThan(at - 120);
    expect(problem?.advice).toContain('master');
  });

  it.each([
    ['a missing segment', (disk: MemoryDisk): void => disk.boot().remove(`${LOG}/00000000000000000000`), 'queues'],
    [
      'a queue that points behind the log',
      (disk: MemoryDisk): void =>
        void (disk.content('/store/consumequeue/T/1/00000000000000000000') as Buffer).writeInt32BE(
          1 << 20,
          29 * 20 + 4,
        ),
      'behind the end of the log',
    ],
    [
      'a hole in a queue',
      (disk: MemoryDisk): void =>
        void (disk.content('/store/consumequeue/T/1/00000000000000000000') as Buffer).fill(0, 100, 120),
      'units behind a place without one',
    ],
    [
      'epochs that do not fit',
      (disk: MemoryDisk): void => disk.set('/store/epochFileCheckpoint', Buffer.from('2\n77\n1-0\n2-50\n')),
      'CRC',
    ],
    [
      'epoch-above-log',
      (disk: MemoryDisk): void => disk.set('/store/epochFileCheckpoint', Buffer.from('1\n0\n9-999999\n')),
      'behind the end of the log',
    ],
    [
      'what Java keeps in RocksDB',
      (disk: MemoryDisk): void => disk.set('/store/consumequeue/CURRENT', Buffer.from('x')),
      'RocksDB',
    ],
  ])('names %s', async (_name, damage, what) => {
    const disk = await filled();
    damage(disk);
    const report = inspect(disk);
    if (what === 'queues') expect(report.minOffset).toBe(4096);
    else expect(report.problem?.what).toContain(what);
    expect(JSON.parse(JSON.stringify(report))).toBeTruthy();
  });

  it('shows batch queues, and names a unit that points behind the log', async () => {
    const disk = new MemoryDisk();
    const host = { ...nodeHost(silentLog), files: disk.boot() };
    const f = await Fixture.open('/store', { ...OPTIONS, isBatchTopic: () => true }, host);
    const batch = { sysFlag: 0xc0, properties: 'INNER_NUM\u00013\u0002' };
    for (let i = 0; i < 5; i++) await f.put(message('B', 1, `b${i}`, batch));
    await f.store.stop();
    disk.kill();
    const report = inspect(disk);
    expect(report.problem).toBeUndefined();
    expect(report.queues).toMatchObject([{ topic: 'B', queueId: 1, minOffset: 0, maxOffset: 15, files: 1 }]);
    const path = 'batchconsumequeue/B/1/00000000000000000000';
    (disk.content(`/store/${path}`) as Buffer).writeBigInt64BE(2n ** 30n, 2 * 46);
    expect(inspect(disk).problem).toMatchObject({ file: path, offset: 2 * 46 });
  });

  it('refuses what is no store', () => {
    expect(() => inspectStore({ ...nodeHost(silentLog), files: new MemoryDisk().boot() }, '/nothing')).toThrow(
      expect.objectContaining({ code: 'STORE_CORRUPT' }),
    );
  });
});
