import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { GroupImage } from '../src/index';
import {
  FramedTransport,
  LevelStorage,
  forceNewCluster,
  readSnapshotFile,
  restoreSnapshot,
  writeSnapshotFile,
} from '../src/index';
import { Cluster, eventually, host, type Parts } from './cluster';

const root = mkdtempSync(join(tmpdir(), 'raft-operate-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

function on(name: string): Parts {
  return {
    storage: (id) => new LevelStorage(join(root, name, id)),
    transport: (port) => new FramedTransport(host, { listen: { host: '127.0.0.1', port } }),
  };
}

describe('a snapshot file', () => {
  const image: GroupImage = { group: 'g', index: 7, term: 2, data: Buffer.alloc(3_000_000, 'state ') };
  const path = join(root, 'image');

  it('gives back what was saved', async () => {
    await writeSnapshotFile(host.files, path, { ...image, data: Buffer.from('old') });
    await writeSnapshotFile(host.files, path, image);
    const { data, ...rest } = readSnapshotFile(host.files, path);
    expect(rest).toEqual({ group: 'g', index: 7, term: 2 });
    expect(data.equals(image.data)).toBe(true);
  });

  it.each<[string, (bytes: Buffer) => Buffer]>([
    ['nothing in it', () => Buffer.alloc(0)],
    ['another beginning', (bytes) => Buffer.concat([Buffer.from('X'), bytes])],
    ['a changed header', (bytes) => (bytes.writeUInt8(0x30, 30), bytes)],
    ['a header that claims too much', (bytes) => (bytes.writeUInt32BE(0xffff_ffff, 12), bytes)],
    ['a changed byte of data', (bytes) => (bytes.writeUInt8(0, bytes.length - 5), bytes)],
    ['an end that is missing', (bytes) => bytes.subarray(0, -1)],
    ['more than its own', (bytes) => Buffer.concat([bytes, Buffer.alloc(1)])],
  ])('is refused with %s', async (_, change) => {
    await writeSnapshotFile(host.files, path, image);
    writeFileSync(path, change(readFileSync(path)));
    expect(() => readSnapshotFile(host.files, path)).toThrow(expect.objectContaining({ code: 'CORRUPT' }));
  });
});

it('a group of other members begins with a saved snapshot', async () => {
  const old = await Cluster.start(1, on('one'));
  const { node } = await old.whenLed();
  for (const line of ['a', 'b', 'c']) await node.propose(Buffer.from(line));
  await node.readIndex();
  const path = join(root, 'saved');
  await writeSnapshotFile(host.files, path, node.image());
  await old.stop();
  expect(() => node.image()).toThrow(expect.objectContaining({ code: 'STOPPED' }));

  const image = readSnapshotFile(host.files, path);
  const parts = on('three');
  for (const id of ['n0', 'n1', 'n2']) await restoreSnapshot(parts.storage(id), image, 'test');
  await expect(restoreSnapshot(parts.storage('n0'), image, 'test')).rejects.toMatchObject({ code: 'CONFIG' });
  await expect(restoreSnapshot(parts.storage('n9'), image, 'other')).rejects.toMatchObject({ code: 'CONFIG' });
  const cluster = await Cluster.start(3, parts);
  const leader = await cluster.whenLed();
  expect(leader.node.status().configuration.voters).toHaveLength(3);
  await leader.node.propose(Buffer.from('d'));
  await eventually('all have it', () => cluster.members.every(({ journal }) => journal.lines.join('') === 'abcd'));
  await cluster.stop();
}, 30_000);

it('the survivor of a lost majority leads alone, after a warning', async () => {
  const parts = on('lost');
  const cluster = await Cluster.start(3, parts);
  const leader = await cluster.whenLed();
  for (const line of ['a', 'b']) await leader.node.propose(Buffer.from(line));
  await eventually('all have it', () => cluster.members.every(({ journal }) => journal.lines.join('') === 'ab'));
  await cluster.stop();

  const self = { id: 'n1', address: '127.0.0.1:1' };
  await expect(forceNewCluster(parts.storage('n1'), self, {} as { dataMayBeLost: true })).rejects.toMatchObject({
    code: 'CONFIG',
  });
  await expect(forceNewCluster(parts.storage('empty'), self, { dataMayBeLost: true })).rejects.toMatchObject({
    code: 'CONFIG',
  });
  const forced = await forceNewCluster(parts.storage('n1'), self, { dataMayBeLost: true });
  expect(forced.lastIndex).toBeGreaterThanOrEqual(3);
  expect(forced.warnings.join()).toMatch(/is lost.*never start again/s);

  const alone = await Cluster.start(3, parts, [1]);
  const survivor = await alone.whenLed();
  expect(survivor.id).toBe('n1');
  expect(survivor.journal.lines.join('')).toBe('ab');
  expect(survivor.node.status().configuration.voters).toEqual(['n1']);
  expect(String(await survivor.node.propose(Buffer.from('c')))).toBe('3');
  await alone.stop();
}, 30_000);

describe('batonmq-raft', () => {
  const bin = join(__dirname, '../bin/raft.mjs');
  const run = (...args: string[]) => spawnSync(process.execPath, [bin, ...args], { encoding: 'utf8' });
  const built = existsSync(join(__dirname, '../dist/operate/force-new-cluster.js'));

  (built ? it : it.skip)(
    'inspects, restores and forces, and says what it needs',
    async () => {
      const file = join(root, 'for-bin');
      const directory = join(root, 'by-bin');
      await writeSnapshotFile(host.files, file, { group: 'g', index: 7, term: 2, data: Buffer.from('x') });
      expect(run('--help')).toMatchObject({ status: 0, stdout: expect.stringMatching(/force-new-cluster/) });
      expect(run('inspect', join(root, 'nowhere'))).toMatchObject({ status: 1, stdout: '' });
      expect(run('restore', file, directory)).toMatchObject({ status: 2, stderr: expect.stringMatching(/--group/) });
      expect(run('restore', file, directory, '--group', 'g').status).toBe(0);
      expect(JSON.parse(run('inspect', directory).stdout)).toMatchObject({ term: 2, lastIndex: 7, snapshot: 7 });
      const force = ['force-new-cluster', directory, '--id', 'a', '--address', '127.0.0.1:1'];
      expect(run(...force)).toMatchObject({ status: 1, stderr: expect.stringMatching(/may lose data/) });
      const forced = run(...force, '--accept-data-loss');
      expect(forced.stderr).toMatch(/warning: what was acknowledged after entry 7/);
      expect(JSON.parse(forced.stdout)).toMatchObject({ lastIndex: 7, term: 3 });
    },
    30_000,
  );
});
