import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import type { ReplicaGroup } from '@batonmq/client';
import { eventually } from '../harness/deadline';
import { bodyOf, groupWhen, inSync, masterOf, startAll, type Part } from '../harness/deployment';
import { TOPIC, addresses, createTopic, failOver, inDeployment, whole } from '../harness/whole-deployment';

/** What the deployment guide promises of single keys, on real processes. Names begin with the guide's number in docs. */

jest.setTimeout(120_000);

const filesOf = (directory: string): string[] => (existsSync(directory) ? readdirSync(directory).sort() : []);

describe('G6: controllers whose lists do not fit are refused with the reason, and disturb nobody', () => {
  it.each([
    ['an own id that is not in it', { controllerDLegerSelfId: 'n7' }, /"n7" is not among the ids/],
    ['an id used twice', { controllerDLegerPeers: 'n0-127.0.0.1:1;n0-127.0.0.1:2' }, /n0/],
    ['no address', { controllerDLegerPeers: 'n0' }, /controllerDLegerPeers/],
    ['no list', { controllerDLegerPeers: '' }, /controllerDLegerPeers/],
  ])('a list with %s ends the start', async (_what, keys, reason) =>
    inDeployment(async (deployment) => {
      const { names } = await deployment.nameServers(1, 1, keys);
      await expect((names[0] as Part).start()).rejects.toThrow(reason);
    })(),
  );

  it.each([
    ['that is of another group', { controllerDLegerGroup: 'group2' }, /is of group group1, not group2/],
    ['that is in no other list', {}, /does not let this controller in: n3 is not among the controllerDLegerPeers/],
  ])('one %s is told so, and stays outside', async (_what, keys, reason) =>
    inDeployment(async (deployment) => {
      const all = await whole(deployment, {});
      const stranger = await deployment.strangeController(all.controllers, keys);
      await stranger.start();
      await eventually(30_000, 'it says why', () => reason.test(stranger.output));
      await failOver(all);
      const metadata = await deployment
        .admin(stranger.address, stranger.address)
        .controllerLeader()
        .catch(() => 'none');
      expect(metadata).not.toBe(stranger.address);
    })(),
  );
});

describe('G11: storePathEpochFile', () => {
  it(
    'may lie elsewhere; a replica that lost it says what to do, never diverges, and is in sync again when that is done',
    inDeployment(async (deployment, directory) => {
      const { names, controllers } = await deployment.nameServers(1, 1);
      const nameServer = addresses(names);
      const brokers = await deployment.brokers(2, nameServer, controllers);
      const epochsOf = (broker: Part): string => join(directory, `${broker.name}-epochs`);
      for (const broker of brokers) broker.configure({ storePathEpochFile: epochsOf(broker) });
      await startAll([...names, ...brokers]);
      const admin = deployment.admin(nameServer, controllers);
      const producer = deployment.producer(nameServer);
      await groupWhen(admin, 'in sync', inSync(2));
      await createTopic(admin, brokers);
      let sent = 0;
      for (const lost of ['slave', 'master'] as const) {
        for (let i = 0; i < 20; i++, sent++) await producer.send({ topic: TOPIC, body: bodyOf(`m${sent}`) });
        const master = await masterOf(admin, brokers);
        const victim = lost === 'master' ? master : (brokers.find((one) => one !== master) as Part);
        await victim.kill();
        rmSync(epochsOf(victim));
        const alone = (group: ReplicaGroup): boolean => inSync(1)(group) && group.masterAddress !== victim.address;
        await groupWhen(admin, 'the other one is master', alone);
        await victim.start();
        await eventually(30_000, 'it says what to do', () =>
          /no common epoch.*empty the store directory/.test(victim.output),
        );
        await producer.send({ topic: TOPIC, body: bodyOf('without it') });
        await victim.kill();
        for (const part of readdirSync(join(victim.directory, 'store')))
          if (!/identity/i.test(part)) rmSync(join(victim.directory, 'store', part), { recursive: true });
        await victim.start();
        await groupWhen(admin, `in sync again after the ${lost} lost it`, inSync(2));
      }
      await failOver({ admin, brokers, producer });
      const all = Array.from({ length: sent }, (_, i) => `m${i}`);
      await deployment.read(nameServer, TOPIC, (bodies) => all.every((body) => bodies.has(body)));
    }),
  );
});

describe('G13: syncFromLastFile', () => {
  it.each([
    [false, 'an empty slave gets the whole log'],
    [true, 'an empty slave begins with the last file'],
  ])('%s: %s', async (syncFromLastFile) =>
    inDeployment(async (deployment, directory) => {
      const all = await whole(deployment, { names: 1, embedded: 1, brokers: 1 });
      const { admin, producer } = all;
      const body = Buffer.alloc(256 << 10, 'x');
      const logOf = (name: string): string => join(directory, name, 'store', 'commitlog');
      while (filesOf(logOf('broker-1')).length < 5) await producer.send({ topic: TOPIC, body });
      const [slave] = await deployment.brokers(1, addresses(all.names), all.controllers);
      (slave as Part).configure({ syncFromLastFile });
      await (slave as Part).start();
      await groupWhen(admin, 'in sync', inSync(2));
      const files = filesOf(logOf('broker-1'));
      const expected = syncFromLastFile ? files.slice(-1) : files;
      expect(filesOf(logOf((slave as Part).name)).filter((name) => files.includes(name))).toEqual(expected);
      await failOver({ ...all, brokers: [...all.brokers, slave as Part] });
    })(),
  );
});

describe('G15: inSyncReplicas', () => {
  it.each([
    [1, 2, 3],
    [2, 1, 2],
    [3, 0, 1],
  ])('%i of three: with %i slaves hung a send is acknowledged, with %i it is not', async (replicas, fine, tooMany) =>
    inDeployment(async (deployment) => {
      const keys = { allAckInSyncStateSet: 'false', inSyncReplicas: String(replicas) };
      const all = await whole(deployment, { names: 1, embedded: 1, brokers: 3 }, { broker: keys });
      const { admin, brokers, names } = all;
      const master = await masterOf(admin, brokers);
      const slaves = brokers.filter((one) => one !== master);
      const nameServers = (names[0] as Part).address;
      for (const slave of slaves.slice(0, fine)) slave.freeze();
      await deployment.producer(nameServers, 4000).send({ topic: TOPIC, body: bodyOf('enough have it') });
      if (tooMany > slaves.length) return;
      for (const slave of slaves.slice(0, tooMany)) slave.freeze();
      const send = deployment.producer(nameServers, 1200).send({ topic: TOPIC, body: bodyOf('too few have it') });
      await expect(send).rejects.toThrow();
      for (const slave of slaves) slave.thaw();
      await deployment.producer(nameServers).send({ topic: TOPIC, body: bodyOf('enough again') });
    })(),
  );
});
