import { RemotingClient, RequestCode, readJson, type ExtFields, type RemotingCommand } from '@batonmq/remoting';
import { World } from '@batonmq/simulator';
import { Controller, type ControllerSettings } from '../src';
import { FakeConsensus } from './fake-consensus';

/** One controller with a consensus that the test plays, and a client that speaks raw headers to it. */
class Scene {
  readonly world = new World({ seed: 3, network: { lossRate: 0 } });
  readonly machine = this.world.machine('n0');
  readonly host = this.machine.boot();
  consensus!: FakeConsensus;
  readonly controller: Controller;
  private clients = 0;
  private readonly client = this.newClient();

  constructor(keys: Partial<ControllerSettings> = {}, properties?: ReadonlyMap<string, string>) {
    const peers = `n0-${this.machine.address}:9878;n1-other:9868`;
    const group = { controllerDLegerGroup: 'g', controllerDLegerPeers: peers, controllerDLegerSelfId: 'n0' };
    const config = { ...group, configStorePath: '/data/conf/controller.properties', ...keys };
    this.controller = new Controller(this.host, config, {
      raft: (state) => (this.consensus = new FakeConsensus(state)),
      ...(properties === undefined ? {} : { properties }),
    });
  }

  newClient(): RemotingClient {
    return new RemotingClient(this.world.machine(`client${++this.clients}`).boot());
  }

  async settle<T>(work: Promise<T>): Promise<T> {
    let done = false;
    const finish = (): void => void (done = true);
    work.then(finish, finish);
    await this.world.run(60_000, () => done);
    return work;
  }

  ask(code: number, header: ExtFields = {}, body?: string, client = this.client): Promise<RemotingCommand> {
    const request = { code, header, ...(body === undefined ? {} : { body: Buffer.from(body) }) };
    return this.settle(client.invoke(`${this.machine.address}:9878`, request, 10_000));
  }

  async codeOf(...args: Parameters<Scene['ask']>): Promise<number> {
    return (await this.ask(...args)).code;
  }

  heartbeat(brokerId: number | undefined, change: ExtFields = {}, client = this.client): Promise<RemotingCommand> {
    const id = brokerId === undefined ? {} : { brokerId: String(brokerId) };
    return this.ask(904, { clusterName: 'c', brokerName: 'a', brokerAddr: 'x:1', ...id, ...change }, undefined, client);
  }

  /** Members 1, 2, 3, all alive; master 1, SyncStateSet {1, 2}. */
  async found(): Promise<void> {
    for (const id of [1, 2, 3]) {
      expect(
        await this.codeOf(1013, {
          clusterName: 'c',
          brokerName: 'a',
          appliedBrokerId: String(id),
          registerCheckCode: `x:${id};1`,
        }),
      ).toBe(0);
      await this.heartbeat(id);
    }
    expect(await this.codeOf(1002, { clusterName: 'c', brokerName: 'a', brokerId: '1' })).toBe(0);
    const wish = { brokerName: 'a', masterBrokerId: '1', masterEpoch: '1' };
    expect(await this.codeOf(1001, wish, '{"syncStateSet":["1","2"],"syncStateSetEpoch":1}')).toBe(0);
  }
}

let scene: Scene;
beforeEach(async () => {
  scene = new Scene();
  await scene.settle(scene.controller.start());
});

const MUTATIONS_AND_READS = [1001, 1002, 1003, 1004, 1006, 1011, 1012, 1013];
const anyHeader = {
  brokerName: 'a',
  brokerId: '1',
  brokerAddress: 'x:1',
  masterBrokerId: '1',
  masterEpoch: '1',
  appliedBrokerId: '1',
  registerCheckCode: 'x:1;1',
};
const anyBody = '{"syncStateSet":[1],"syncStateSetEpoch":1}';

describe('16.18: who answers what', () => {
  test.each([
    ['a standby', { role: 'follower', leaderId: 'n1', ready: false }, 'false', 'other:9868'],
    ['a leader before its first commit', { role: 'leader', leaderId: 'n0', ready: false }, 'true', '10.0.0.1:9878'],
  ])('%s', async (_name, status, isLeader, address) => {
    scene.consensus.become(status);
    for (const code of MUTATIONS_AND_READS) {
      const { remark, extFields, body, ...answer } = await scene.ask(code, anyHeader, anyBody);
      expect([code, answer.code, remark, extFields, body]).toEqual([
        code,
        2007,
        'The controller is not in leader state',
        {},
        undefined,
      ]);
    }
    const metadata = await scene.ask(1005);
    expect([metadata.code, metadata.extFields]).toMatchObject([0, { isLeader, controllerLeaderAddress: address }]);
    expect([(await scene.heartbeat(1)).code, await scene.codeOf(1009), await scene.codeOf(1010)]).toEqual([0, 0, 0]);
    expect(scene.controller.status().liveBrokerCount).toBe(1);
  });
  test('nobody leads: 1005 names nobody', async () => {
    scene.consensus.become({ role: 'candidate', leaderId: undefined, ready: false });
    const peers = 'n0:10.0.0.1:9878;n1:other:9868;';
    expect((await scene.ask(1005)).extFields).toEqual({ group: 'g', isLeader: 'false', peers });
  });
  test.each([1014, 1015, 1016, 1017, 1018, 1019, 4711])('%d is not supported', async (code) => {
    expect(await scene.ask(code)).toMatchObject({ code: 3, remark: ` request type ${code} not supported` });
  });
});

describe('16.14: heartbeats', () => {
  test('as a normal request', async () =>
    expect(await scene.heartbeat(1)).toMatchObject({ code: 0, remark: 'Heart beat success' }));
  test('without brokerId, as brokers up to 5.1.0 send them', async () =>
    expect(await scene.heartbeat(undefined)).toMatchObject({ code: 2005, remark: 'Heart beat with empty brokerId' }));
  test('with a timeout of 0 and of 10^12', async () => {
    await scene.heartbeat(1, { heartbeatTimeoutMills: '0' });
    await scene.heartbeat(2, { heartbeatTimeoutMills: '1000000000000' });
    await scene.world.run(100_000);
    // The idle limit of connections is above that; only the records count.
    expect(scene.controller.status().liveBrokerCount).toBe(1);
  });
});

describe('requests that cannot be read', () => {
  const wish = { brokerName: 'a', masterBrokerId: '1', masterEpoch: '1' };
  test.each(['{}', '[]', '{"syncStateSet":["x"]}', '{"syncStateSet":', undefined])(
    '1001 with body %s',
    async (body) => {
      expect(await scene.codeOf(1001, wish, body)).toBe(1);
    },
  );
  test.each(MUTATIONS_AND_READS.filter((code) => code !== 1006))('%d without a header', async (code) => {
    const answer = await scene.codeOf(code, {}, anyBody);
    expect(answer).toBe(code === 1002 ? 2010 : 1);
  });
  test('1013 of an old broker, without check code', async () => {
    expect(await scene.codeOf(1013, { brokerName: 'a', appliedBrokerId: '1' })).toBe(1);
  });
  test.each([[undefined], ['[]'], ['{}']])('1006 with %s', async (body) => {
    expect(await scene.ask(1006, {}, body)).toMatchObject({ code: 1, remark: 'not set any response code' });
  });
});

describe('what is replicated', () => {
  beforeEach(() => scene.found());

  test('what changes nothing costs no log entry, but asks the group', async () => {
    const { proposals, reads } = scene.consensus;
    const refused = [
      await scene.codeOf(
        1001,
        { brokerName: 'a', masterBrokerId: '1', masterEpoch: '1' },
        '{"syncStateSet":[2,1],"syncStateSetEpoch":2}',
      ),
      await scene.codeOf(1002, { brokerName: 'a', brokerId: '3' }),
      await scene.codeOf(1003, { brokerName: 'a', brokerId: '2', brokerAddress: 'x:2' }),
      await scene.codeOf(1013, { clusterName: 'c', brokerName: 'a', appliedBrokerId: '2', registerCheckCode: 'x:2;1' }),
    ];
    expect(refused).toEqual([2013, 2011, 0, 0]);
    expect([scene.consensus.proposals - proposals, scene.consensus.reads - reads]).toEqual([0, 4]);
  });

  test.each([
    ['NOT_LEADER', 2007],
    ['DROPPED', 2007],
    ['TIMEOUT', 1],
    ['STOPPED', 1],
  ])('a change that ends with %s is answered %d', async (failure, code) => {
    scene.consensus.failures.push(failure);
    const elect = { brokerName: 'a', brokerId: '2', designateElect: 'true' };
    expect(await scene.codeOf(1002, elect)).toBe(code);
    expect(await scene.codeOf(1002, elect)).toBe(0);
  });

  test('a leader that cannot confirm itself answers no read', async () => {
    scene.consensus.readFailure = 'NOT_LEADER';
    expect(await scene.codeOf(1004, { brokerName: 'a' })).toBe(2007);
    scene.consensus.readFailure = 'TIMEOUT';
    expect(await scene.codeOf(1004, { brokerName: 'a' })).toBe(1);
  });

  test('every answer is counted under the name of its metric', async () => {
    await scene.codeOf(1002, { brokerName: 'a', brokerId: '2', designateElect: 'true' });
    await scene.codeOf(1002, { brokerName: 'a', brokerId: '3' });
    await scene.codeOf(1002, { brokerName: 'a', brokerId: '3', designateElect: 'true' });
    await scene.codeOf(1003, {});
    const { elections, requests, latencies } = scene.controller.counters;
    expect(elections).toEqual({ new_master_elected: 2, keep_current_master: 1, no_master_elected: 1 });
    expect(requests.get('CONTROLLER_ELECT_MASTER')).toEqual({ success: 4, failed: 0, timeout: 0 });
    expect(requests.get('CONTROLLER_REGISTER_BROKER')).toEqual({ success: 0, failed: 1, timeout: 0 });
    expect(latencies.get('CONTROLLER_ELECT_MASTER')?.count).toBe(4);
  });
});

describe('elections that the controller starts', () => {
  let master: RemotingClient;
  beforeEach(async () => {
    await scene.found();
    master = scene.newClient();
    await scene.heartbeat(1, {}, master);
    // The first seconds of an office are for listening.
    for (let n = 0; n < 11; n++) {
      await scene.world.run(1000);
      await scene.heartbeat(2);
      await scene.heartbeat(3);
      await scene.heartbeat(1, {}, master);
    }
  });
  const set = () => scene.controller.status().sets.get('a');
  const die = (): Promise<void> => scene.settle(master.stop());

  test('an attempt that ends unknown or dropped is made again, in vain only three times', async () => {
    const { proposals } = scene.consensus;
    scene.consensus.failures.push('TIMEOUT', 'DROPPED');
    await die();
    await scene.world.run(100);
    expect([set()?.masterBrokerId, set()?.masterEpoch, scene.consensus.proposals - proposals]).toEqual([2, 2, 3]);
  });
  test('after three the next scan tries', async () => {
    scene.consensus.failures.push('TIMEOUT', 'TIMEOUT', 'TIMEOUT');
    await die();
    await scene.world.run(100);
    expect(set()?.masterBrokerId).toBe(1);
    await scene.world.run(5000);
    expect(set()?.masterBrokerId).toBe(2);
  });
  test('who leads no more does not try again', async () => {
    const { proposals } = scene.consensus;
    scene.consensus.failures.push('NOT_LEADER');
    await die();
    await scene.world.run(100);
    expect(scene.consensus.proposals - proposals).toBe(1);
  });
  test('a standby does nothing, and acts at once when it becomes leader', async () => {
    scene.consensus.become({ role: 'follower', ready: false });
    await die();
    await scene.world.run(5000);
    await scene.heartbeat(2);
    expect(set()?.masterBrokerId).toBe(1);
    scene.consensus.become({ role: 'leader', ready: true });
    await scene.world.run(10);
    expect(set()?.masterBrokerId).toBe(2);
  });
  test('known-losses: election-inverted: living masters are left alone, whoever else is dead', async () => {
    const { proposals } = scene.consensus;
    for (let n = 0; n < 30; n++) {
      await scene.world.run(1000);
      await scene.heartbeat(1, {}, master);
    }
    expect([scene.controller.status().liveBrokerCount, scene.consensus.proposals - proposals]).toEqual([1, 0]);
  });
  test('with nobody left nothing happens until somebody heartbeats', async () => {
    const { proposals } = scene.consensus;
    await die();
    scene.consensus.failures.push('NOT_LEADER');
    await scene.world.run(60_000);
    expect(scene.controller.status().liveBrokerCount).toBe(0);
    const idle = scene.consensus.proposals;
    await scene.world.run(60_000);
    expect([scene.consensus.proposals, idle - proposals < 5]).toEqual([idle, true]);
  });
});

describe('16.28: configuration while running', () => {
  const update = (text?: string): Promise<RemotingCommand> => scene.ask(1009, {}, text);
  const shown = async (): Promise<string> => (await scene.ask(1010)).body?.toString() ?? '';

  test('a black-listed key among others: nothing is applied', async () => {
    for (const key of ['configBlackList', 'configStorePath', 'rocketmqHome']) {
      const answer = await update(`notifyBrokerRoleChanged=false\n${key}=x`);
      expect([answer.code, answer.remark]).toEqual([16, 'Can not update config in black list.']);
    }
    expect(await shown()).toContain('notifyBrokerRoleChanged=true\n');
  });
  test('entries of the key configBlackList', async () => {
    scene = new Scene({ configBlackList: 'mappedFileSize;notifyBrokerRoleChanged' });
    await scene.settle(scene.controller.start());
    expect((await update('notifyBrokerRoleChanged=false')).code).toBe(16);
  });
  test('an unknown key succeeds, and is named', async () => {
    expect(await update('enableElectUncleanMasters=true')).toMatchObject({
      code: 0,
      remark: 'unknown key enableElectUncleanMasters is ignored; did you mean enableElectUncleanMaster?',
    });
  });
  test('a bad number changes nothing', async () => {
    expect((await update('notifyBrokerRoleChanged=false\nelectMasterMaxRetryCount=x')).code).toBe(1);
    expect(await shown()).toContain('notifyBrokerRoleChanged=true\n');
  });
  test('no body', async () => expect((await update()).code).toBe(0));
  test('is in effect at once, kept in the file, and the former file beside it', async () => {
    await scene.found();
    expect((await update('enableElectUncleanMaster = true ')).code).toBe(0);
    expect(await scene.codeOf(1002, { brokerName: 'a', brokerId: '3', designateElect: 'true' })).toBe(0);
    expect((await update('enableElectUncleanMaster=false')).code).toBe(0);
    const { files } = scene.host;
    expect(files.readAll('/data/conf/controller.properties')?.toString()).toContain('enableElectUncleanMaster=false\n');
    expect(files.readAll('/data/conf/controller.properties.bak')?.toString()).toContain(
      'enableElectUncleanMaster=true\n',
    );
  });
  test('1010 is sorted, and has what the file has', async () => {
    scene = new Scene(
      {},
      new Map([
        ['someKey', 'of another program'],
        ['zz', '1'],
      ]),
    );
    await scene.settle(scene.controller.start());
    const keys = (await shown())
      .trim()
      .split('\n')
      .map((line) => line.split('=')[0]);
    expect(keys).toEqual([...keys].sort());
    expect(keys).toEqual(
      expect.arrayContaining(['someKey', 'zz', 'controllerType', 'listenPort', 'scanInactiveMasterInterval']),
    );
    expect(keys).not.toContain('metricsLabels');
  });
});

test('1006 shows sets as operators know them', async () => {
  await scene.found();
  const data = readJson((await scene.ask(1006, {}, '["a","nobody"]')).body as Buffer);
  const replica = (brokerId: number) => ({ alive: true, brokerAddress: `x:${brokerId}`, brokerId, brokerName: 'a' });
  expect(data).toEqual({
    replicasInfoTable: {
      a: {
        inSyncReplicas: [replica(1), replica(2)],
        masterAddress: 'x:1',
        masterBrokerId: 1,
        masterEpoch: 1,
        notInSyncReplicas: [replica(3)],
        syncStateSetEpoch: 2,
      },
    },
  });
});

test('stopping twice is fine, and frees the port', async () => {
  await scene.settle(scene.controller.stop());
  await scene.settle(scene.controller.stop());
  expect(RequestCode.CONTROLLER_ELECT_MASTER).toBe(1002);
  await expect(scene.ask(1005)).rejects.toMatchObject({ code: 'CONNECT_FAILED' });
});
