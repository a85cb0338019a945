import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FramedTransport, LevelStorage, MemoryDisk, MemoryStorage, RSocketTransport } from '../src/index';
import { Cluster, eventually, host, type Parts } from './cluster';

const localhost = '127.0.0.1';
/** Only to end a test that hangs. */
const LONG_MS = 60_000;

function memoryAndFrames(): Parts {
  const disks = new Map<string, MemoryDisk>();
  return {
    storage: (id) => {
      const disk = disks.get(id) ?? new MemoryDisk();
      disks.set(id, disk);
      return new MemoryStorage(disk);
    },
    transport: (port) => new FramedTransport(host, { listen: { host: localhost, port } }),
  };
}

function levelAndRSocket(): Parts & { remove: () => void } {
  const directory = mkdtempSync(join(tmpdir(), 'raft-'));
  return {
    storage: (id) => new LevelStorage(join(directory, id)),
    transport: (port) => new RSocketTransport(host, { listen: { host: localhost, port } }),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

describe.each([
  ['memory and frames', memoryAndFrames],
  ['level and RSocket', levelAndRSocket],
])('three nodes on %s', (_, makeParts) => {
  let parts: Parts & { remove?: () => void };
  let cluster: Cluster;

  const start = async (size = 3, options: Parts['options'] = {}): Promise<void> => {
    parts = { ...makeParts(), options };
    cluster = await Cluster.start(size, parts);
  };
  afterEach(async () => {
    await cluster.stop();
    parts.remove?.();
  });

  it('elect, replicate and apply', async () => {
    await start();
    const leader = await cluster.whenLed();
    const results = await Promise.all(['a', 'b', 'c'].map((line) => leader.node.propose(Buffer.from(line))));
    expect(results.map(String)).toEqual(['1', '2', '3']);
    await eventually('all applied', () => cluster.members.every(({ journal }) => journal.lines.join('') === 'abc'));
    await leader.node.readIndex();
    const follower = cluster.members.find((member) => member !== leader);
    await expect(follower?.node.propose(Buffer.from('x'))).rejects.toMatchObject({
      code: 'NOT_LEADER',
      leaderHint: leader.id,
    });
    await expect(follower?.node.readIndex()).rejects.toMatchObject({ code: 'NOT_LEADER' });
  });

  it('go on when the leader is gone, and take it back', async () => {
    await start();
    const first = await cluster.whenLed();
    await first.node.propose(Buffer.from('a'));
    await first.node.stop();
    const second = await cluster.whenLed();
    expect(second.id).not.toBe(first.id);
    await second.node.propose(Buffer.from('b'));
    const back = await cluster.restart(first);
    await eventually('caught up', () => back.journal.lines.join('') === 'ab');
  });

  // Whoever leads then: on a busy machine that may change under the test, which is not about it.
  it('bring back a follower by snapshot when the log is compacted', async () => {
    await start(3, { snapshotEveryEntries: 10 });
    const away = await cluster.whenLed();
    await away.node.stop();
    for (let i = 0; i < 40; i++) await cluster.propose(Buffer.from(`${i} `));
    expect((await cluster.whenLed()).node.status().snapshotIndex).toBeGreaterThan(20);
    const back = await cluster.restart(away);
    await eventually('caught up', () => cluster.agree() && back.journal.lines.length >= 40, LONG_MS);
    expect(new Set(back.journal.lines).size).toBe(40);
  }, 90_000);

  it('bring back a follower by a snapshot of many chunks', async () => {
    await start(3, { snapshotEveryEntries: 5 });
    const away = await cluster.whenLed();
    await away.node.stop();
    const megabyte = 'x'.repeat(1 << 20);
    for (let i = 0; i < 12; i++) await cluster.propose(Buffer.from(megabyte));
    const back = await cluster.restart(away);
    await eventually('caught up', () => cluster.agree() && back.journal.lines.length >= 12, LONG_MS);
    expect(back.journal.lines.every((line) => line === megabyte)).toBe(true);
  }, 90_000);

  it('hand leadership over', async () => {
    await start();
    const leader = await cluster.whenLed();
    const successor = cluster.members.find((member) => member !== leader) ?? leader;
    await leader.node.transferLeadership(successor.id);
    expect(leader.node.status().role).not.toBe('leader');
    await eventually('it leads', () => successor.node.status().ready);
  });

  it('serve alone', async () => {
    await start(1);
    const { node } = await cluster.whenLed();
    expect(String(await node.propose(Buffer.from('a')))).toBe('1');
    await node.readIndex();
  });
});

describe('a member whose disk fails', () => {
  it('stops itself, says so, and hands over at once when it led', async () => {
    const disks = new Map(['n0', 'n1', 'n2'].map((id) => [id, new MemoryDisk()]));
    const cluster = await Cluster.start(3, {
      storage: (id) => new MemoryStorage(disks.get(id)),
      transport: (port) => new FramedTransport(host, { listen: { host: localhost, port } }),
      options: { electionTimeoutMs: 3000 },
    });
    const leader = await cluster.whenLed();
    const disk = disks.get(leader.id) as MemoryDisk;
    disk.failure = new Error('no space left on device');
    const stood: string[] = [];
    for (const { node } of cluster.members) node.onRoleChange(({ role }) => stood.push(role));
    // The two others may have committed it before its own disk gave up: either is right.
    await leader.node
      .propose(Buffer.from('a'))
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'STOPPED' }));
    await eventually('it stops itself', () => leader.node.status().role === 'stopped');
    await expect(leader.node.propose(Buffer.from('b'))).rejects.toMatchObject({ code: 'STOPPED' });
    await cluster.whenLed();
    expect(stood).toContain('candidate');
    expect(stood).not.toContain('pre-candidate'); // it was told to stand, and did not wait for a timeout
    await cluster.stop();
  }, 30_000);
});

it('refuses more than may wait, and what is too large', async () => {
  const cluster = await Cluster.start(1, { ...memoryAndFrames(), options: { maxPending: 3 } });
  const { node } = await cluster.whenLed();
  const outcomes = await Promise.allSettled(['a', 'b', 'c', 'd'].map((line) => node.propose(Buffer.from(line))));
  expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled', 'fulfilled', 'rejected']);
  expect(outcomes[3]).toMatchObject({ reason: { code: 'DROPPED' } });
  await expect(node.propose(Buffer.alloc(9 << 20))).rejects.toMatchObject({ code: 'DROPPED' });
  await cluster.stop();
  await expect(node.propose(Buffer.from('x'))).rejects.toMatchObject({ code: 'STOPPED' });
});
