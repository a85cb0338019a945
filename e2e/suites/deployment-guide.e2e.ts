import { rmSync } from 'node:fs';
import { join } from 'node:path';
import type { Admin } from '@batonmq/client';
import { eventually } from '../harness/deadline';
import { GROUP, bodyOf, groupWhen, inSync, masterOf, startAll, type Part } from '../harness/deployment';
import { TOPIC, addresses, createTopic, failOver, inDeployment, whole } from '../harness/whole-deployment';

/** The promises of RocketMQ's deployment guide, on real processes. Names begin with the guide's number in docs. */

jest.setTimeout(120_000);

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

const leaderAmong = async (admin: Admin, names: readonly Part[], controllers: readonly string[]): Promise<Part> => {
  const leader = await eventually(10_000, 'a controller leads', () => admin.controllerLeader());
  return names[controllers.indexOf(leader)] as Part;
};

test(
  'G1: elections go on without one controller, stop without two, and begin again',
  inDeployment(async (deployment) => {
    const { names, controllers } = await deployment.nameServers(3, 3);
    const brokers = await deployment.brokers(3, addresses(names), controllers);
    await startAll([...names, ...brokers]);
    const admin = deployment.admin(addresses(names), controllers);
    await groupWhen(admin, 'in sync', inSync(3));
    await createTopic(admin, brokers);
    const producer = deployment.producer(addresses(names));
    const leader = await leaderAmong(admin, names, controllers.split(';'));
    const master = await masterOf(admin, brokers);
    // In the midst of a failover.
    await Promise.all([master.kill(), leader.kill()]);
    await groupWhen(admin, 'another master', (group) => group.masterEpoch >= 2 && group.masterAddress !== undefined);
    await producer.send({ topic: TOPIC, body: bodyOf('one controller less') });
    await master.start();
    await groupWhen(admin, 'in sync again', inSync(3));
    const second = await leaderAmong(admin, names, controllers.split(';'));
    await second.kill();
    const victim = brokers.find(({ output }) => /this broker is master.*"?epoch"?.?2/.test(output)) ?? brokers[0];
    await (victim as Part).kill();
    await pause(4000);
    await expect(admin.controllerLeader()).rejects.toMatchObject({ code: 'NO_LEADER' });
    await second.start();
    await groupWhen(admin, 'a master again', (group) => group.masterAddress !== (victim as Part).address);
    await producer.send({ topic: TOPIC, body: bodyOf('a majority again') });
  }),
);

test(
  'G2: with a single controller brokers fail over; without it they go on; it comes back with its state',
  inDeployment(async (deployment) => {
    const all = await whole(deployment, { names: 1, embedded: 1 });
    const { names, brokers, admin, producer } = all;
    const victim = await failOver(all);
    await victim.start();
    const before = await groupWhen(admin, 'in sync', inSync(2));
    await (names[0] as Part).kill();
    const until = performance.now() + 15_000;
    for (let sent = 0; performance.now() < until; sent++) {
      const receipt = await producer.send({ topic: TOPIC, body: bodyOf(String(sent)) });
      expect(receipt.attempts).toBe(1);
      await pause(20);
    }
    await (names[0] as Part).start();
    const after = await groupWhen(admin, 'the same group', inSync(2));
    expect([after.masterAddress, after.masterEpoch]).toEqual([before.masterAddress, before.masterEpoch]);
    expect(brokers).toHaveLength(2);
    await failOver(all);
  }),
);

test.each([
  [3, 1],
  [5, 3],
])('G3: of %i name servers %i embed a controller', (names, embedded) =>
  inDeployment(async (deployment) => {
    const all = await whole(deployment, { names, embedded });
    await failOver(all);
  })(),
);

test(
  'G4: the last of three embedded name servers goes on with routes and registrations',
  inDeployment(async (deployment) => {
    const { names, brokers, admin, producer } = await whole(deployment, {});
    const slave = brokers.find((one) => one.address !== undefined && one !== brokers[0]) as Part;
    await (names[0] as Part).kill();
    await (names[1] as Part).kill();
    const last = names[2] as Part;
    expect(await admin.hasRoute(last.address, TOPIC)).toBe(true);
    await slave.kill('SIGTERM');
    await producer.send({ topic: TOPIC, body: bodyOf('routes are enough') }).catch(() => {});
    await slave.start();
    const only = deployment.admin(last.address, '');
    await eventually(40_000, 'both brokers are registered', async () => {
      const { brokers: known } = await only.clusterInfo();
      return (known.get(GROUP)?.size ?? 0) >= 1;
    });
  }),
);

test(
  'G5: standalone controllers give roles before there is a name server, and routes follow once there is one',
  inDeployment(async (deployment) => {
    const { parts, controllers } = await deployment.controllers(3);
    const { names } = await deployment.nameServers(1, 0);
    const brokers = await deployment.brokers(2, addresses(names), controllers);
    await startAll(parts);
    await startAll(brokers);
    const admin = deployment.admin(addresses(names), controllers);
    await groupWhen(admin, 'in sync without a name server', inSync(2));
    await startAll(names);
    const producer = deployment.producer(addresses(names));
    await createTopic(admin, brokers);
    await producer.send({ topic: TOPIC, body: bodyOf('routed') });
    await failOver({ brokers, admin, producer });
  }),
);

test.each(['leads', 'stands by'])(
  'G7: a controller that %s, and whose directory is gone, rejoins; the group keeps its state',
  (office) =>
    inDeployment(async (deployment, directory) => {
      const all = await whole(deployment, {});
      const { names, admin } = all;
      const { masterEpoch } = await groupWhen(admin, 'a group', inSync(2));
      const leading = names.findIndex(({ output }) => /change role to leader/.test(output));
      const victim = names[(leading + (office === 'leads' ? 0 : 1)) % 3] as Part;
      await victim.kill();
      rmSync(join(directory, victim.name, 'controller'), { recursive: true });
      await victim.start();
      await eventually(30_000, 'it has its vote again', () => /has its vote again/.test(victim.output));
      await (names.find((one) => one !== victim) as Part).kill();
      const after = await groupWhen(admin, 'the same group', inSync(2));
      expect(after.masterEpoch).toBe(masterEpoch);
      await failOver(all);
    })(),
);

test.each([
  [false, 'no master rather than a loss'],
  [true, 'a master, and the log says so'],
])('G8: enableElectUncleanMaster=%s: %s', (unclean) =>
  inDeployment(async (deployment) => {
    const keys = { controller: { enableElectUncleanMaster: String(unclean) } };
    const { brokers, admin, producer } = await whole(deployment, {}, keys);
    const master = await masterOf(admin, brokers);
    const slave = brokers.find((one) => one !== master) as Part;
    await slave.kill();
    await groupWhen(admin, 'the master alone', inSync(1));
    await producer.send({ topic: TOPIC, body: bodyOf('the slave has not got this') });
    await master.kill();
    await slave.start();
    if (unclean) {
      await groupWhen(admin, 'the slave is master', (group) => group.masterAddress === slave.address);
      return;
    }
    await pause(5000);
    expect((await groupWhen(admin, 'the group', () => true)).masterAddress).not.toBe(slave.address);
    await master.start();
    await groupWhen(admin, 'the old master again', (group) => group.masterAddress === master.address);
  })(),
);

test(
  'G9: without notifications brokers find out at the next metadata sync',
  inDeployment(async (deployment) => {
    await failOver(await whole(deployment, {}, { controller: { notifyBrokerRoleChanged: 'false' } }));
  }),
);

test(
  'G14: an async learner never enters the SyncStateSet and is never elected',
  inDeployment(async (deployment) => {
    const { names, controllers } = await deployment.nameServers(1, 1);
    const [master, learner] = await deployment.brokers(2, addresses(names), controllers);
    (learner as Part).configure({ asyncLearner: true });
    await startAll([...names, master as Part]);
    const admin = deployment.admin(addresses(names), controllers);
    await groupWhen(admin, 'a master', inSync(1));
    await (learner as Part).start();
    await createTopic(admin, [master as Part]);
    const producer = deployment.producer(addresses(names));
    for (let sent = 0; sent < 20; sent++) await producer.send({ topic: TOPIC, body: bodyOf(String(sent)) });
    await groupWhen(admin, 'both are members', (group) => group.notInSync.length === 1);
    await pause(3000);
    expect((await groupWhen(admin, 'the group', () => true)).inSync).toHaveLength(1);
    await (master as Part).kill();
    await pause(4000);
    expect((await groupWhen(admin, 'the group', () => true)).masterAddress).not.toBe((learner as Part).address);
  }),
);

test(
  'G16: minInSyncReplicas=2: refused at once when the set is too small, accepted as soon as it has grown',
  inDeployment(async (deployment) => {
    const all = await whole(deployment, {}, { broker: { minInSyncReplicas: '2', haMaxTimeSlaveNotCatchup: '3000' } });
    const { names, brokers, admin, producer } = all;
    await producer.send({ topic: TOPIC, body: bodyOf('two have it') });
    const master = await masterOf(admin, brokers);
    const slave = brokers.find((one) => one !== master) as Part;
    await slave.kill();
    await groupWhen(admin, 'the master alone', inSync(1));
    const impatient = deployment.producer(addresses(names), 500);
    await expect(impatient.send({ topic: TOPIC, body: bodyOf('one') })).rejects.toThrow(/replicas/i);
    await slave.start();
    await producer.send({ topic: TOPIC, body: bodyOf('two again') });
  }),
);

test(
  'G17: brokerId and brokerRole need not be given, and nonsense in them does not matter',
  inDeployment(async (deployment) => {
    const { names, controllers } = await deployment.nameServers(1, 1);
    const brokers = await deployment.brokers(2, addresses(names), controllers);
    (brokers[1] as Part).configure({ brokerId: 7, brokerRole: 'SYNC_MASTER' });
    await startAll([...names, ...brokers]);
    const admin = deployment.admin(addresses(names), controllers);
    const group = await groupWhen(admin, 'in sync', inSync(2));
    expect(group.inSync.map(({ brokerId }) => brokerId).sort()).toEqual([1, 2]);
  }),
);
