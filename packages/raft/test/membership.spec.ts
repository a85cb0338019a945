import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { FramedTransport, LevelStorage, MemoryDisk, MemoryStorage, RSocketTransport, RaftNode } from '../src/index';
import type { Peer, RaftStorage, RaftTransport } from '../src/index';
import { eventually, freePorts, host } from './cluster';
import { Journal } from './journal';

const localhost = '127.0.0.1';

/** A group of real nodes whose members change. */
class Changing {
  readonly nodes = new Map<string, RaftNode>();
  readonly journals = new Map<string, Journal>();

  constructor(
    private readonly peers: readonly Peer[],
    private readonly storageOf: (id: string) => RaftStorage,
    private readonly transportOf: (port: number) => RaftTransport,
  ) {}

  peer(id: string): Peer {
    return this.peers.find((peer) => peer.id === id) as Peer;
  }

  async start(id: string, founders: readonly string[], snapshotEveryEntries = 0): Promise<void> {
    const journal = new Journal();
    const join_ = !founders.includes(id);
    const node = new RaftNode({
      host,
      id,
      group: 'test',
      peers: (join_ ? [...founders, id] : founders).map((one) => this.peer(one)),
      join: join_,
      storage: this.storageOf(id),
      transport: this.transportOf(Number(this.peer(id).address.split(':')[1])),
      machine: journal,
      electionTimeoutMs: 300,
      heartbeatMs: 50,
      snapshotEveryEntries,
    });
    this.nodes.set(id, node);
    this.journals.set(id, journal);
    await node.start();
  }

  get(id: string): RaftNode {
    return this.nodes.get(id) as RaftNode;
  }

  async leader(among = [...this.nodes.keys()]): Promise<RaftNode> {
    const find = (): RaftNode | undefined => among.map((id) => this.get(id)).find((node) => node.status().ready);
    await eventually('a ready leader', () => find() !== undefined);
    return find() as RaftNode;
  }

  async stop(): Promise<void> {
    await Promise.all([...this.nodes.values()].map((node) => node.stop()));
  }
}

describe.each(['memory and frames', 'level and RSocket'])('on %s', (kind) => {
  let group: Changing;
  let directory: string | undefined;

  const make = async (): Promise<Changing> => {
    const ports = await freePorts(6);
    const peers = ports.map((port, i) => ({ id: `n${i + 1}`, address: `${localhost}:${port}` }));
    const disks = new Map<string, MemoryDisk>();
    if (kind === 'memory and frames') {
      const diskOf = (id: string): MemoryDisk => disks.get(id) ?? disks.set(id, new MemoryDisk()).get(id)!;
      const transport = (port: number): RaftTransport =>
        new FramedTransport(host, { listen: { host: localhost, port } });
      return new Changing(peers, (id) => new MemoryStorage(diskOf(id)), transport);
    }
    const folder = (directory = mkdtempSync(join(tmpdir(), 'raft-members-')));
    const transport = (port: number): RaftTransport =>
      new RSocketTransport(host, { listen: { host: localhost, port } });
    return new Changing(peers, (id) => new LevelStorage(join(folder, id)), transport);
  };

  afterEach(async () => {
    await group.stop();
    if (directory !== undefined) rmSync(directory, { recursive: true, force: true });
    directory = undefined;
  });

  it('a founder is replaced by a newcomer, which gets the state by snapshot', async () => {
    group = await make();
    const founders = ['n1', 'n2', 'n3'];
    for (const id of founders) await group.start(id, founders, 10);
    let leader = await group.leader();
    for (let i = 0; i < 25; i++) await leader.propose(Buffer.from(`${i} `));
    await group.start('n4', founders, 10);
    await leader.addVoter(group.peer('n4'));
    expect(leader.status().configuration).toMatchObject({ voters: ['n1', 'n2', 'n3', 'n4'], learners: [] });
    expect(leader.status().followers.map(({ learner }) => learner)).toEqual([false, false, false]);

    const former = leader;
    const goneId = [...group.nodes].find(([, node]) => node === former)?.[0] as string;
    await former.removeMember(goneId); // the leader itself
    leader = await group.leader([...founders, 'n4'].filter((id) => id !== goneId));
    expect(leader).not.toBe(former);
    expect(leader.status().configuration.voters).not.toContain(goneId);
    await leader.propose(Buffer.from('last'));
    await eventually('n4 has all', () => group.journals.get('n4')?.lines.length === 26);
    expect(former.status().role).not.toBe('leader');
  }, 30_000);

  it('all are exchanged jointly, and who was away meanwhile is found by the new ones', async () => {
    group = await make();
    const founders = ['n1', 'n2', 'n3'];
    for (const id of founders) await group.start(id, founders);
    let leader = await group.leader();
    const away = founders.find((id) => group.get(id) !== leader) as string;
    await group.get(away).stop();
    for (const id of ['n4', 'n5', 'n6']) await group.start(id, founders);
    for (const id of ['n4', 'n5', 'n6']) await leader.addLearner(group.peer(id));
    await eventually('learners have the log', () =>
      leader.status().followers.every(({ learner, lag }) => !learner || lag === 0),
    );
    const gone = founders.filter((id) => id !== away);
    await leader.changeMembership({ voters: ['n4', 'n5', 'n6'].map((id) => group.peer(id)), removed: gone });
    leader = await group.leader(['n4', 'n5', 'n6']);
    expect([...leader.status().configuration.voters].sort()).toEqual([away, 'n4', 'n5', 'n6'].sort());
    for (const id of gone) await group.get(id).stop();
    await leader.propose(Buffer.from('without the founders'));
    await group.start(away, founders); // knows of n4, n5, n6 by nobody but themselves
    await eventually('it has caught up', () => group.journals.get(away)?.lines.length === 1);
    await leader.leaseRead();
  }, 30_000);
});
