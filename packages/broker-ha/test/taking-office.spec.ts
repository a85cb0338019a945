import { RequestCode, controllerHeaders, writeJson, type RemotingCommand } from '@batonmq/remoting';
import { Group } from './world/group';

/** What has to be on a disk, or known to the controller, before somebody may act alone (known-losses: lazy-flush). */

async function formed(seed: number, count = 3): Promise<Group> {
  const group = new Group({ seed }, count);
  await group.form();
  return group;
}

/** Syncs of this log stand still until `release`. */
function holdSyncs(group: Group, id: number): { held: number; release(): void } {
  const { log } = group.byId(id);
  const releases: (() => void)[] = [];
  const state = {
    held: 0,
    release: () => {
      log.holdSync = undefined;
      for (const release of releases.splice(0)) release();
    },
  };
  log.holdSync = (release) => {
    state.held += 1;
    releases.push(release);
  };
  return state;
}

it('the winner serves only when the controller has confirmed its office', async () => {
  const group = await formed(11);
  group.controller.fate = ({ code }) => (code === RequestCode.CONTROLLER_ELECT_MASTER ? 'ignore' : 'answer');
  group.byId(1).machine.kill();
  await group.until('2 is elected', () => group.state.masterId === 2, 2000);
  await group.world.run(1500);
  expect(group.master()).toBeUndefined();
  expect(group.byId(2).roles.filter((role) => role.startsWith('master'))).toEqual([]);
  group.controller.fate = () => 'answer';
  await group.until('2 is master', () => group.master()?.name === 'b2', 8000);
});

it('the winner has its log on the disk before it confirms', async () => {
  const group = await formed(12);
  const syncs = holdSyncs(group, 2);
  const asked = (): number => group.controller.seen.get(RequestCode.CONTROLLER_ELECT_MASTER) ?? 0;
  const before = asked();
  group.byId(1).machine.kill();
  await group.until('2 is elected and syncs', () => group.state.masterId === 2 && syncs.held > 0, 2000);
  await group.world.run(500);
  expect(asked()).toBe(before);
  syncs.release();
  await group.until('2 is master', () => group.master()?.name === 'b2', 2000);
  expect(asked()).toBeGreaterThan(before);
});

it('nobody leaves the set before the master has synced what they may forget then', async () => {
  const group = await formed(13);
  const syncs = holdSyncs(group, 1);
  group.byId(3).machine.kill();
  await group.until('the master syncs', () => syncs.held > 0, 2000);
  await group.world.run(500);
  expect(group.state.set).toEqual([1, 2, 3]);
  syncs.release();
  await group.until('3 is out', () => group.state.set.length === 2, 2000);
});

it('while the set may be shrinking an acknowledgement needs the own disk too', async () => {
  const group = await formed(14);
  group.byId(3).machine.kill();
  const syncs = holdSyncs(group, 1);
  await group.until('the master syncs', () => syncs.held > 0, 2000);
  void group.byId(3).boot();
  group.sendEverywhere();
  const { log } = group.byId(1);
  await group.until('3 has it', () => group.byId(3).log?.maxOffset() === log.maxOffset(), 3000);
  await group.world.run(100);
  expect(group.acks).toEqual([]);
  syncs.release();
  await group.until('the ack', () => group.acks.length === 1, 1000);
});

it('a word about the former process does not give its office back before the new one is registered', async () => {
  const group = await formed(15);
  group.controller.fate = ({ code }) => (code === RequestCode.CONTROLLER_REGISTER_BROKER ? 'ignore' : 'answer');
  group.byId(1).machine.kill();
  void group.byId(1).boot();
  await group.until('2 is master', () => group.master()?.name === 'b2', 3000);
  const { service } = group.byId(1);
  const header = { masterBrokerId: 1, masterAddress: '10.1.0.1:10911', masterEpoch: 1, syncStateSetEpoch: 3 };
  const extFields = controllerHeaders.NotifyBrokerRoleChangedRequest.encode(header);
  service.handleRoleChanged({ extFields, body: writeJson({ syncStateSet: [1, 2, 3] }) } as unknown as RemotingCommand);
  await group.world.run(200);
  expect(service.state().role).toBe('none');
  group.controller.fate = () => 'answer';
  await group.until('1 follows', () => service.state().role === 'slave', 5000);
});
