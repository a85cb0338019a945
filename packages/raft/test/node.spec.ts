import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FramedTransport, LevelStorage, MemoryDisk, MemoryStorage, RSocketTransport } from '../src/index';
import { Cluster, eventually, host, type Parts } from './cluster';

const localhost = '127.0.0.1';

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

  it('bring back a follower by snapshot when the log is compacted', async () => {
    await start(3, { snapshotEveryEntries: 10 });
    const leader = await cluster.whenLed();
    const follower = cluster.members.find((member) => member !== leader) ?? leader;
    await follower.node.stop();
    for (let i = 0; i < 40; i++) await leader.node.propose(Buffer.from(`${i} `));
    expect(leader.node.status().snapshotIndex).toBeGreaterThan(20);
    const back = await cluster.restart(follower);
    await eventually('caught up', () => back.journal.lines.length === 40);
    expect(back.journal.lines).toEqual(leader.journal.lines);
  });

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
