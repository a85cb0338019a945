import { RequestCode } from '@batonmq/remoting';
import { EpochFile } from '../src/epochs/epoch-file';
import { Group, type Replica } from './world/group';

/** Scenarios of known-losses.md that concern HA, under their names there. Others are unit tests beside the cores. */

async function formed(seed: number, count = 3, ha = {}): Promise<Group> {
  const group = new Group({ seed }, count, ha);
  await group.form();
  return group;
}

async function sendAndAck(group: Group, count = 5): Promise<void> {
  const wanted = group.acks.length + count;
  for (let i = 0; i < count; i++) group.sendEverywhere();
  await group.until(`${count} acks`, () => group.acks.length >= wanted, 3000);
}

const epochs = (replica: Replica): string =>
  (replica.host.files.readAll('/store/epochFileCheckpoint')?.toString() ?? '').split('\n').slice(2).join(' ').trim();

const allLevel = (group: Group): boolean => {
  const running = group.replicas.filter((replica) => replica.running);
  const end = running[0]?.log.maxOffset();
  return running.every((replica) => replica.log.maxOffset() === end && replica.log.confirmOffset() === end);
};

const inSet = (group: Group, count: number) => (): boolean => group.state.set.length === count;

describe('scenarios', () => {
  it('expand-window: answer to the growing set lost, master dies, newcomer elected: nothing acknowledged is missing', async () => {
    const group = await formed(1, 2);
    group.byId(2).machine.kill();
    await group.until('set of one', inSet(group, 1), 1000);
    await sendAndAck(group);
    let lost = 0;
    group.controller.fate = ({ code }) => {
      if (code !== RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET) return 'answer';
      lost++;
      group.world.partition(['b1'], ['b2']);
      return 'lose';
    };
    void group.byId(2).boot();
    await group.until('the set grew and the answer was lost', () => lost > 0 && inSet(group, 2)(), 5000);
    for (let i = 0; i < 20; i++) {
      group.sendEverywhere();
      await group.world.run(5);
    }
    group.byId(1).machine.kill();
    group.controller.fate = () => 'answer';
    group.world.heal();
    await group.until('2 is master', () => group.master()?.name === 'b2', 2000);
    const present = new Set(group.byId(2).log.texts());
    expect(group.acks.filter((ack) => !present.has(ack.text))).toEqual([]);
  });

  it('disk-dead-master: a master that cannot write leaves its office at once, and comes back as a slave', async () => {
    const group = await formed(21);
    await sendAndAck(group);
    const one = group.byId(1);
    one.log.broken = new Error('EIO');
    const from = group.world.now();
    await group.until('another is master', () => ['b2', 'b3'].includes(group.master()?.name ?? ''), 2000);
    expect(group.world.now() - from).toBeLessThan(1000);
    await group.until('it follows', () => one.service.state().role === 'slave', 3000);
    await sendAndAck(group);
    const other = group.state.masterId as number;
    group.byId(5 - other).machine.kill();
    group.byId(other).machine.kill();
    await group.world.run(5000);
    expect(group.master()).toBeUndefined();
    one.log.broken = undefined;
    void group.byId(other).boot();
    await group.until('a master again', () => group.master() !== undefined, 10_000);
    await sendAndAck(group);
  });

  it('disk-dead-master: one that nobody can replace stays', async () => {
    const group = await formed(22, 2);
    group.byId(2).machine.kill();
    await group.until('set of one', inSet(group, 1), 2000);
    group.byId(1).log.broken = new Error('EIO');
    await group.world.run(5000);
    expect(group.byId(1).service.state().role).toBe('master');
    expect(group.state.masterId).toBe(1);
  });

  it('cut-off-master: what an isolated master took is not acknowledged, and is gone when it is back', async () => {
    const group = await formed(2);
    await sendAndAck(group);
    group.world.partition(['b1'], ['b2', 'b3', 'ctl']);
    const { length } = group.acks;
    for (let i = 0; i < 10; i++) group.byId(1).send(`isolated ${i}`);
    await group.until(
      'a successor',
      () => group.replicas.slice(1).some((one) => one.service.canAccept() === 'ok'),
      10_000,
    );
    expect(group.acks).toHaveLength(length);
    group.world.heal();
    await group.until('all in the set again', inSet(group, 3), 20_000);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    expect(
      group
        .byId(1)
        .log.texts()
        .filter((text) => text.startsWith('isolated')),
    ).toEqual([]);
    expect(new Set(group.acks.slice(0, length).map((ack) => ack.epoch)).size).toBe(1);
  });

  it('cut-off-master, weak acks: the lease ends before a successor begins', async () => {
    const group = await formed(3, 3, { allAckInSyncStateSet: false });
    await sendAndAck(group);
    const cutMs = group.world.now();
    group.world.partition(['b1'], ['b2', 'b3', 'ctl']);
    let endedMs = 0;
    await group.until(
      'a successor',
      () => {
        if (endedMs === 0 && group.byId(1).service.canAccept() !== 'ok') endedMs = group.world.now();
        return group.replicas.slice(1).some((one) => one.service.canAccept() === 'ok');
      },
      10_000,
    );
    expect(endedMs).toBeGreaterThan(cutMs);
    expect(endedMs).toBeLessThan(group.world.now());
  });

  it('same-master-new-epoch: the incumbent is re-elected under load; connections cross the boundary', async () => {
    const group = await formed(4);
    await sendAndAck(group);
    for (let i = 0; i < 5; i++) {
      for (let n = 0; n < 5; n++) group.sendEverywhere();
      group.controller.crown(1);
      await group.until('the set is whole', inSet(group, 3), 3000);
      await sendAndAck(group);
    }
    await group.until('level', () => allLevel(group), 2000);
    const [first, second, third] = group.replicas.map(epochs);
    expect(first?.split(' ')).toHaveLength(6);
    expect([second, third]).toEqual([first, first]);
    expect(group.replicas.slice(1).every((one) => one.log.truncations.length === 0)).toBe(true);
  });

  it('same-master-new-epoch: an incumbent restarted in its epoch goes on in it, and nobody throws data away', async () => {
    const group = await formed(5);
    await sendAndAck(group, 20);
    group.killController();
    group.byId(1).machine.kill();
    await group.world.run(50);
    void group.bootController();
    void group.byId(1).boot();
    await group.until('a master', () => group.master() !== undefined, 5000);
    expect(group.state.masterEpoch).toBe(1);
    await group.until('the set is whole', inSet(group, 3), 5000);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    expect(group.replicas.map(epochs)).toEqual(['1-0', '1-0', '1-0']);
    expect(group.replicas.every((one) => one.log.truncations.length === 0)).toBe(true);
  });

  it('empty-epochs: ten elections without a message, then everybody can still follow everybody', async () => {
    const group = await formed(6);
    await sendAndAck(group);
    for (let i = 0; i < 10; i++) {
      expect(group.controller.elect(undefined, (i % 3) + 1)).toBe(0);
      await group.until('the set is whole', inSet(group, 3), 3000);
    }
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    const [first, ...others] = group.replicas.map(epochs);
    expect(others).toEqual([first, first]);
  });

  it('empty-epoch-two-writers: a cut-off master writes in an epoch that nobody else has data of', async () => {
    const group = await formed(7);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    group.controller.elect(undefined, 2);
    await group.until('2 leads a whole set', () => group.master()?.name === 'b2' && inSet(group, 3)(), 3000);
    group.world.partition(['b2'], ['b1', 'b3', 'ctl']);
    for (let i = 0; i < 10; i++) group.byId(2).send(`isolated ${i}`);
    await group.until('a successor', () => [1, 3].some((id) => group.byId(id).service.canAccept() === 'ok'), 10_000);
    await sendAndAck(group, 10);
    group.world.heal();
    await group.until('the set is whole', inSet(group, 3), 20_000);
    await group.until('level', () => allLevel(group), 2000);
    expect(group.byId(2).log.texts()).toEqual(group.byId(1).log.texts());
    expect(group.byId(3).log.texts()).toEqual(group.byId(1).log.texts());
  });

  it('epoch-entry-dropped: reconnect right after a new epoch was heard of, data, reconnect, failover', async () => {
    const group = await formed(8);
    await sendAndAck(group);
    group.controller.elect(undefined, 2);
    await group.until('the set is whole', inSet(group, 3), 3000);
    for (let i = 0; i < 2; i++) {
      group.byId(3).machine.kill();
      void group.byId(3).boot();
      await group.until('3 follows', () => group.byId(3).service.state().transferring && inSet(group, 3)(), 5000);
      await sendAndAck(group);
    }
    await group.until('level', () => allLevel(group), 2000);
    expect(epochs(group.byId(3))).toBe(epochs(group.byId(2)));
    expect(group.byId(3).log.truncations).toEqual([]);
  });

  it('epoch-above-log: entries beyond the log are dropped at start, and no more than the log is reported', async () => {
    const group = await formed(9);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    const victim = group.byId(3);
    victim.machine.kill();
    const host = victim.machine.boot();
    const file = new EpochFile(host, '/store/epochFileCheckpoint');
    file.load();
    file.append(9, victim.log.maxOffset() + 1000);
    victim.machine.kill();
    void victim.boot();
    await group.until('3 is back', inSet(group, 3), 5000);
    await sendAndAck(group);
    expect(epochs(victim)).toBe('1-0');
  });

  it('wrong-peer-truncation: a slave pointed at a stale broker leaves its log alone', async () => {
    const group = await formed(10);
    await sendAndAck(group);
    group.world.partition(['b1'], ['b2', 'b3', 'ctl']);
    await group.until('a successor', () => [2, 3].some((id) => group.byId(id).service.canAccept() === 'ok'), 10_000);
    const master = group.byId(2).service.canAccept() === 'ok' ? group.byId(2) : group.byId(3);
    const slave = master === group.byId(2) ? group.byId(3) : group.byId(2);
    await sendAndAck(group);
    await group.until('both in the set', inSet(group, 2), 3000);
    const end = slave.log.maxOffset();
    // The stale master is reachable for the slave, the controller for nobody; a name server still gives out its address.
    master.machine.kill();
    group.world.heal();
    group.world.partition(['ctl'], ['b1', 'b2', 'b3']);
    slave.service.setHaAddress('10.1.0.1:10912');
    await group.world.run(3000);
    expect(slave.log.maxOffset()).toBe(end);
    expect(slave.log.truncations).toEqual([]);
    expect(group.world.trace.join()).toContain('its last epoch is 1, this replica has seen 2');
  });

  it('epochs that nobody followed are forgotten: an unclean election passes over one', async () => {
    const group = await formed(20);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    group.world.partition(['b3'], ['b1', 'b2']);
    for (let i = 0; i < 5; i++) group.byId(1).send(`unconfirmed ${i}`);
    await group.world.run(20);
    group.controller.notify = false;
    group.controller.crown(3);
    group.controller.tell(3);
    await group.until('3 leads alone', () => group.byId(3).service.canAccept() === 'ok', 1000);
    group.controller.crown(2);
    group.controller.tell(2);
    await group.until('2 leads', () => group.byId(2).service.canAccept() === 'ok', 1000);
    group.world.heal();
    group.controller.notify = true;
    await group.until('the set is whole', inSet(group, 3), 20_000);
    await sendAndAck(group);
    await group.until('level', () => allLevel(group), 2000);
    expect(epochs(group.byId(2))).toMatch(/^1-0 3-\d+$/);
    expect(epochs(group.byId(3))).toBe(epochs(group.byId(2)));
    expect(group.byId(3).log.texts()).toEqual(group.byId(2).log.texts());
  });

  it('half-message-takeover: a slave whose log ends in half a message becomes master without waiting for ever', async () => {
    const group = await formed(11, 2, { haTransferBatchSize: 100 });
    await sendAndAck(group);
    const slave = group.byId(2);
    for (let i = 0; i < 50; i++) group.byId(1).send(`${'x'.repeat(5000)} ${i}`);
    await group.until('half a message arrived', () => slave.log.maxOffset() > 20_000, 1000);
    group.byId(1).machine.kill();
    await group.until('2 accepts', () => slave.service.canAccept() === 'ok', 1000);
    const present = new Set(slave.log.texts());
    expect(group.acks.filter((ack) => !present.has(ack.text))).toEqual([]);
    expect(slave.log.texts().length).toBeGreaterThan(0);
    await sendAndAck(group);
    expect(slave.log.confirmOffset()).toBe(slave.log.maxOffset());
  });

  it('two-slaves-leave: both connections close at once; the set is right within a moment', async () => {
    const group = await formed(12);
    await sendAndAck(group);
    group.byId(2).machine.kill();
    group.byId(3).machine.kill();
    const beganMs = group.world.now();
    await sendAndAck(group);
    expect(group.state.set).toEqual([1]);
    expect(group.world.now() - beganMs).toBeLessThan(1000);
  });

  it('hung-slave-stalls: a slave that hangs holds up acknowledgements for three seconds at most', async () => {
    const group = await formed(13);
    await sendAndAck(group);
    group.byId(3).machine.freeze(60_000);
    const beganMs = group.world.now();
    while (group.state.set.length === 3 && group.world.now() - beganMs < 10_000) {
      group.sendEverywhere();
      await group.world.run(50);
    }
    expect(group.world.now() - beganMs).toBeLessThan(3000);
    expect(group.state.set).toEqual([1, 2]);
    await sendAndAck(group);
  });

  it('role-before-verdict: a role that could not be taken over is tried again in the same epoch', async () => {
    const group = await formed(14);
    await sendAndAck(group);
    const next = group.byId(2);
    next.machine.disk.failWrites('FILE_IO', (path) => path.includes('epochFile'));
    group.controller.elect(undefined, 2);
    await group.world.run(1000);
    expect([next.service.state().role, next.service.canAccept()]).toEqual(['none', 'not-master']);
    next.machine.disk.heal();
    await group.until('2 is master after all', () => next.service.canAccept() === 'ok', 5000);
    expect(next.service.state().masterEpoch).toBe(2);
    expect(epochs(next)).toMatch(/ 2-\d+$/);
  });

  it('heartbeat-blocked, slave-exits: without a controller for a minute everybody stays, and work goes on', async () => {
    const group = await formed(15);
    group.world.partition(['ctl'], ['b1', 'b2', 'b3']);
    for (let i = 0; i < 60; i++) {
      group.sendEverywhere();
      await group.world.run(1000);
    }
    expect(group.acks.length).toBeGreaterThan(50);
    group.world.heal();
    await group.until('all in the set', inSet(group, 3), 20_000);
    await sendAndAck(group);
  });

  it('slave-exits: a broker that starts before any controller takes its role when one is there', async () => {
    const group = new Group({ seed: 16 }, 1);
    void group.byId(1).boot();
    await group.world.run(30_000);
    expect(group.byId(1).service.state().role).toBe('none');
    const complaints = group.world.trace.filter((line) => line.includes('cannot be asked'));
    expect(complaints.length).toBeLessThan(5);
    void group.bootController();
    await group.until('master', () => group.master() !== undefined, 10_000);
  });

  it('set-check-dies: a listener that throws does not end the checks', async () => {
    const group = await formed(17);
    const { service } = group.byId(1);
    (service as never as { mastership: { ports: { setAdopted(): void } } }).mastership.ports.setAdopted = () => {
      throw new Error('planted');
    };
    group.byId(3).machine.kill();
    await group.until('3 left', inSet(group, 2), 1000);
    group.byId(2).machine.kill();
    await group.until('2 left', inSet(group, 1), 1000);
  });

  it('moved-address: the master comes back under another broker address and is followed there', async () => {
    const group = await formed(18, 2);
    await sendAndAck(group);
    const word = { epoch: 1, masterId: 1, masterAddress: '10.1.0.1:10911' };
    const roles = (group.byId(2).service as never as { roles: { offer(word: object): void } }).roles;
    roles.offer({ ...word, masterAddress: '10.1.0.99:10911' });
    await group.until('the old address is left', () => !group.byId(2).service.state().transferring, 1000);
    roles.offer(word);
    await group.until('followed again', () => group.byId(2).service.state().transferring, 5000);
  });

  it('dns-gone: the list of controllers is kept when a name cannot be looked up for a while', async () => {
    const group = new Group({ seed: 19 }, 1, { controllerAddr: 'nowhere:9877;ctl:9877' });
    void group.bootController();
    void group.byId(1).boot();
    await group.until('master', () => group.master() !== undefined, 10_000);
    group.killController();
    await group.world.run(30_000);
    void group.bootController();
    const before = group.state.masterEpoch;
    await group.until('heard again', () => (group.controller.seen.get(RequestCode.BROKER_HEARTBEAT) ?? 0) > 0, 5000);
    expect(group.state.masterEpoch).toBeGreaterThanOrEqual(before);
  });

  it('truncate-then-crash: power is lost during a cut; the slave comes back and is level in the end', async () => {
    for (let seed = 30; seed < 36; seed++) {
      const group = await formed(seed);
      await sendAndAck(group);
      group.world.partition(['b1'], ['b2', 'b3', 'ctl']);
      for (let i = 0; i < 10; i++) group.byId(1).send(`isolated ${i}`);
      await group.until('a successor', () => [2, 3].some((id) => group.byId(id).service.canAccept() === 'ok'), 10_000);
      await sendAndAck(group);
      const old = group.byId(1);
      let crashed = false;
      old.log.onTruncate = () => {
        crashed = true;
        group.world.after(0, () => old.machine.crash());
      };
      group.world.heal();
      await group.until('crashed in the cut', () => crashed && !old.running, 20_000);
      void old.boot();
      await group.until('all in the set', inSet(group, 3), 20_000);
      await sendAndAck(group);
      await group.until('level', () => allLevel(group), 2000);
      expect(old.log.texts()).toEqual(group.byId(2).log.texts());
    }
  });
});
