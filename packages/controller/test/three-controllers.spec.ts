import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { controllerConfig, readConfig, remotingServerConfig } from '@batonmq/config';
import { nodeHost, silentLog, type Host } from '@batonmq/host';
import {
  RemotingClient,
  RequestCode,
  ResponseCode,
  controllerHeaders as headers,
  readJson,
  type RemotingCommand,
} from '@batonmq/remoting';
import { Controller } from '../src';
import { BrokerPuppet, eventually, type ElectBody } from './broker-puppet';

const host: Host = { ...nodeHost(), log: silentLog };

async function freePorts(count: number): Promise<number[]> {
  const servers = await Promise.all(
    Array.from({ length: count }, () => {
      const server = createServer();
      return new Promise<typeof server>((resolve) => server.listen(0, '127.0.0.1', () => resolve(server)));
    }),
  );
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
  return ports;
}

describe('three controllers in one process', () => {
  const root = mkdtempSync(join(tmpdir(), 'controllers-'));
  const controllers = new Map<string, Controller>();
  const puppets: BrokerPuppet[] = [];
  const client = new RemotingClient(host);
  let addresses: string[] = [];
  let peers = '';

  const start = async (id: string): Promise<Controller> => {
    const properties = new Map([
      ['controllerDLegerGroup', 'group1'],
      ['controllerDLegerPeers', peers],
      ['controllerDLegerSelfId', id],
      ['controllerStorePath', root],
      ['configStorePath', join(root, id, 'controller.properties')],
      ['jRaftElectionTimeoutMs', '500'],
    ]);
    const { values } = readConfig([controllerConfig, remotingServerConfig], properties, 'test', host.machine);
    const controller = new Controller(host, values, { properties });
    controllers.set(id, controller);
    await controller.start();
    return controller;
  };
  const leaderNow = (): Controller | undefined =>
    [...controllers.values()].find((controller) => controller.status().role === 'leader' && controller.status().ready);
  const leader = (): Promise<Controller> => eventually(host, 'a ready leader', leaderNow);
  const ask = async (code: number, header = {}, body?: Buffer): Promise<RemotingCommand> => {
    const { port } = await leader();
    return client.invoke(`127.0.0.1:${port}`, { code, header, ...(body === undefined ? {} : { body }) }, 3000);
  };
  const broker = async (brokerId: number): Promise<BrokerPuppet> => {
    const puppet = new BrokerPuppet(host, brokerId, addresses);
    puppets.push(puppet);
    await puppet.start();
    return puppet;
  };

  beforeAll(async () => {
    const ports = await freePorts(3);
    addresses = ports.map((port) => `127.0.0.1:${port}`);
    peers = ports.map((port, at) => `n${at}-127.0.0.1:${port}`).join(';');
    await Promise.all(['n0', 'n1', 'n2'].map(start));
  });

  afterAll(async () => {
    await Promise.all(puppets.map((puppet) => puppet.stop()));
    await client.stop();
    await Promise.all([...controllers.values()].map((controller) => controller.stop()));
    rmSync(root, { recursive: true, force: true });
  });

  test('everybody names the same leader in 1005; a standby answers 2007 to the rest', async () => {
    const { selfId } = (await leader()).status();
    await eventually(host, 'all know the leader', () =>
      [...controllers.values()].every((controller) => controller.status().leaderId === selfId),
    );
    for (const [id, controller] of controllers) {
      const address = `127.0.0.1:${controller.port}`;
      const metadata = await client.invoke(address, { code: RequestCode.CONTROLLER_GET_METADATA_INFO }, 3000);
      expect(metadata.extFields).toEqual({
        group: 'group1',
        controllerLeaderId: selfId,
        controllerLeaderAddress: `127.0.0.1:${controllers.get(selfId)?.port}`,
        isLeader: String(id === selfId),
        peers: addresses.map((item, at) => `n${at}:${item};`).join(''),
        lastIndex: expect.stringMatching(/^\d+$/) as string,
      });
      if (id === selfId) continue;
      for (const code of [1001, 1002, 1003, 1004, 1006, 1011, 1012, 1013]) {
        const header = {
          brokerName: 'broker-a',
          brokerId: '1',
          brokerAddress: 'x:1',
          masterBrokerId: '1',
          masterEpoch: '1',
          appliedBrokerId: '1',
          registerCheckCode: 'x:1;1',
        };
        const body = Buffer.from('{"syncStateSet":[1],"syncStateSetEpoch":1}');
        const answer = await client.invoke(address, { code, header, body }, 3000);
        expect([code, answer.code, answer.remark]).toEqual([code, 2007, 'The controller is not in leader state']);
        expect([answer.extFields, answer.body]).toEqual([{}, undefined]);
      }
      expect((await client.invoke(address, { code: RequestCode.GET_CONTROLLER_CONFIG }, 3000)).code).toBe(0);
    }
  });

  test('brokers join, a master is elected, its set grows', async () => {
    const one = await broker(1);
    const elected = await one.askForElection();
    expect(elected.code).toBe(0);
    expect(headers.ElectMasterResponse.decode(elected.extFields)).toEqual({
      masterBrokerId: 1,
      masterAddress: one.address,
      masterEpoch: 1,
      syncStateSetEpoch: 1,
    });
    await broker(2);
    await broker(3);
    expect((await (puppets[1] as BrokerPuppet).askForElection()).code).toBe(ResponseCode.CONTROLLER_MASTER_STILL_EXIST);
    const grown = await one.alterSyncStateSet([1, 2], 1, 1);
    expect([grown.code, readJson(grown.body as Buffer)]).toEqual([0, { syncStateSet: [1, 2], syncStateSetEpoch: 2 }]);
  });

  test('when the connection of the master closes, its successor is told at once', async () => {
    const [one, two, three] = puppets as [BrokerPuppet, BrokerPuppet, BrokerPuppet];
    await eventually(host, 'all heard by the leader', () => leaderNow()?.status().liveBrokerCount === 3);
    const startMs = performance.now();
    await one.stop();
    const notices = await eventually(host, 'both told', () => {
      const got = [two, three].map((puppet) => puppet.notices.at(-1));
      return got.every((notice) => notice?.header.masterBrokerId === 2) ? got : undefined;
    });
    const elapsedMs = performance.now() - startMs;
    for (const notice of notices) {
      expect(notice?.header).toEqual({
        masterBrokerId: 2,
        masterAddress: two.address,
        masterEpoch: 2,
        syncStateSetEpoch: 3,
      });
      expect(notice?.body).toEqual({ syncStateSet: [2], syncStateSetEpoch: 3 });
    }
    // Far below every period (1 s and more): nothing but one commit lies between. Generous, for busy machines.
    expect(elapsedMs).toBeLessThan(900);
  });

  test('the leading controller dies: another goes on with the same state, and elects', async () => {
    const former = await leader();
    await former.stop();
    controllers.delete(former.status().selfId);
    const info = await ask(RequestCode.CONTROLLER_GET_REPLICA_INFO, { brokerName: 'broker-a' });
    expect(headers.GetReplicaInfoResponse.decode(info.extFields)).toMatchObject({ masterBrokerId: 2, masterEpoch: 2 });
    const [, two, three] = puppets as [BrokerPuppet, BrokerPuppet, BrokerPuppet];
    expect((await two.alterSyncStateSet([2, 3], 2, 3)).code).toBe(0);
    await eventually(host, 'both heard', () => leaderNow()?.status().liveBrokerCount === 2);
    await two.stop();
    await eventually(host, 'three leads', () => three.notices.at(-1)?.header.masterBrokerId === 3);
    expect(three.notices.at(-1)?.header).toMatchObject({ masterEpoch: 3, syncStateSetEpoch: 5 });
    const started = await start(former.status().selfId);
    await eventually(host, 'caught up', () => started.status().sets.get('broker-a')?.masterBrokerId === 3);
  });

  test('an operator designates, looks, cleans', async () => {
    const two = (puppets[1] = new BrokerPuppet(host, 2, addresses));
    await two.start();
    expect((await (puppets[2] as BrokerPuppet).alterSyncStateSet([2, 3], 3, 5)).code).toBe(0);
    const request = headers.ElectMasterRequest.encode({
      clusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: 2,
      designateElect: true,
    });
    const elected = await ask(RequestCode.CONTROLLER_ELECT_MASTER, request);
    expect(elected.code).toBe(0);
    const body = readJson(elected.body as Buffer) as ElectBody;
    expect(body.syncStateSet).toEqual([2]);
    expect(body.brokerAddrs).toEqual(body.brokerMemberGroup.brokerAddrs);
    expect(body.brokerMemberGroup).toMatchObject({ cluster: 'DefaultCluster', brokerName: 'broker-a' });
    expect(Object.keys(body.brokerAddrs)).toEqual(['1', '2', '3']);

    const names = Buffer.from('["broker-a","nobody"]');
    const data = readJson((await ask(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, names)).body as Buffer);
    expect(data).toMatchObject({
      replicasInfoTable: {
        'broker-a': {
          inSyncReplicas: [{ alive: true, brokerId: 2, brokerName: 'broker-a', brokerAddress: two.address }],
          masterBrokerId: 2,
          masterEpoch: 4,
          notInSyncReplicas: [
            { brokerId: 1, alive: false },
            { brokerId: 3, alive: true },
          ],
        },
      },
    });
    expect((await ask(RequestCode.CONTROLLER_GET_SYNC_STATE_DATA, {}, Buffer.from('[]'))).code).toBe(1);

    const clean = { brokerName: 'broker-a', brokerControllerIdsToClean: '1', isCleanLivingBroker: 'false' };
    expect((await ask(RequestCode.CLEAN_BROKER_DATA, clean)).code).toBe(0);
    const next = await ask(RequestCode.CONTROLLER_GET_NEXT_BROKER_ID, { brokerName: 'broker-a' });
    expect(next.extFields['nextBrokerId']).toBe('4');
  });

  test('configuration is read and changed on one node', async () => {
    const { port } = await leader();
    const address = `127.0.0.1:${port}`;
    const update = (text: string): Promise<RemotingCommand> =>
      client.invoke(address, { code: RequestCode.UPDATE_CONTROLLER_CONFIG, body: Buffer.from(text) }, 3000);
    expect((await update('notifyBrokerRoleChanged=false\nconfigStorePath=/x')).code).toBe(ResponseCode.NO_PERMISSION);
    expect((await update('electMasterMaxRetryCount=many')).code).toBe(1);
    expect((await update('enableElectUncleanMaster=true\n')).code).toBe(0);
    const text =
      (await client.invoke(address, { code: RequestCode.GET_CONTROLLER_CONFIG }, 3000)).body?.toString() ?? '';
    const keys = text
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(keys).toEqual([...keys].sort());
    expect(text).toContain('enableElectUncleanMaster=true\n');
    expect(text).toContain('notifyBrokerRoleChanged=true\n');
    expect((await update('enableElectUncleanMaster=false\n')).code).toBe(0);
  });
});
