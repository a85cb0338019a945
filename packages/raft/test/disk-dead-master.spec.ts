import type { RaftStorage, WriteBatch } from '../src/index';
import { FramedTransport, MemoryDisk, MemoryStorage } from '../src/index';
import { Cluster, eventually, host, type Member } from './cluster';

/** A disk that can break: writes fail, or never end. */
class FragileStorage implements RaftStorage {
  broken: 'no' | 'fails' | 'hangs' = 'no';
  private readonly waiting: (() => void)[] = [];
  private readonly inner = new MemoryStorage(new MemoryDisk());

  open = (): ReturnType<RaftStorage['open']> => this.inner.open();
  close = (): Promise<void> => this.inner.close();

  answer(): void {
    this.broken = 'no';
    for (const write of this.waiting.splice(0)) write();
  }

  write(batch: WriteBatch): Promise<void> {
    if (this.broken === 'hangs') {
      return new Promise((resolve, reject) =>
        this.waiting.push(() => void this.inner.write(batch).then(resolve, reject)),
      );
    }
    if (this.broken === 'fails') return Promise.reject(new Error('no space left on device'));
    return this.inner.write(batch);
  }
}

/** Election timeouts are long here: who waits for one instead of being asked to take over fails the test. */
const electionTimeoutMs = 3000;

describe('disk-dead-master', () => {
  const disks = new Map<string, FragileStorage>();
  let cluster: Cluster;
  let leader: Member;

  beforeEach(async () => {
    disks.clear();
    cluster = await Cluster.start(3, {
      storage: (id) => {
        const disk = new FragileStorage();
        disks.set(id, disk);
        return disk;
      },
      transport: (port) => new FramedTransport(host, { listen: { host: '127.0.0.1', port } }),
      options: { electionTimeoutMs, heartbeatMs: 50, diskTimeoutMs: 200 },
    });
    leader = await cluster.whenLed();
    await leader.node.propose(Buffer.from('a'));
  }, 30_000);

  const diskOf = ({ id }: Member): FragileStorage => disks.get(id) as FragileStorage;
  const successor = (): Member | undefined => cluster.members.find((one) => one !== leader && one.node.status().ready);

  it('hands over at once when its disk fails, and stops itself', async () => {
    diskOf(leader).broken = 'fails';
    const began = host.clock.monotonicMs();
    // The two others may have committed it before its own disk gave up: either is right.
    await leader.node
      .propose(Buffer.from('b'))
      .catch((error: unknown) => expect(error).toMatchObject({ code: 'STOPPED' }));
    await eventually('it stops itself', () => leader.node.status().role === 'stopped');
    await eventually('another leads', () => successor() !== undefined);
    expect(host.clock.monotonicMs() - began).toBeLessThan(electionTimeoutMs);
    await successor()?.node.propose(Buffer.from('c'));
    await cluster.stop();
  }, 30_000);

  it('hands over when its disk does not answer, and goes on as a follower', async () => {
    diskOf(leader).broken = 'hangs';
    const began = host.clock.monotonicMs();
    // Committed by the two others: its own disk is not needed for that.
    await leader.node.propose(Buffer.from('b'));
    await eventually('another leads', () => successor() !== undefined);
    expect(host.clock.monotonicMs() - began).toBeLessThan(electionTimeoutMs);
    expect(leader.node.status().role).toBe('follower');
    await successor()?.node.propose(Buffer.from('c'));
    diskOf(leader).answer();
    await eventually('it catches up when it answers again', () => leader.journal.lines.join('') === 'abc');
    await cluster.stop();
  }, 30_000);
});
