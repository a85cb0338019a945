import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost, silentLog, type Host } from '@batonmq/host';
import {
  RemotingClient,
  RemotingServer,
  RequestCode,
  namesrvHeaders,
  readJson,
  writeJson,
  type ExtFields,
  type RemotingCommand,
} from '@batonmq/remoting';
import { NameServer, type NameServerConfig } from '../src';

/** The real machine, with a clock that can be put forward and periodic tasks that run when they are told to. */
function hostWithOwnTime() {
  const real = nodeHost(silentLog);
  let skippedMs = 0;
  const periodic: (() => void)[] = [];
  const host: Host = {
    ...real,
    clock: { monotonicMs: () => real.clock.monotonicMs() + skippedMs, wallMs: () => real.clock.wallMs() },
    timers: {
      after: (delayMs, task) => real.timers.after(delayMs, task),
      endOfTurn: (task) => real.timers.endOfTurn(task),
      every: (_periodMs, task) => {
        periodic.push(task);
        return () => periodic.splice(periodic.indexOf(task), 1);
      },
    },
  };
  const skip = (ms: number): void => {
    skippedMs += ms;
    for (const task of [...periodic]) task();
  };
  return { host, skip };
}

describe('a name server on loopback', () => {
  const { host, skip } = hostWithOwnTime();
  let directory: string;
  let server: NameServer;
  let broker: RemotingClient;
  let client: RemotingClient;

  const start = async (config: Partial<NameServerConfig> = {}): Promise<void> => {
    server = new NameServer(host, {
      listenPort: 0,
      bindAddress: '127.0.0.1',
      kvConfigPath: `${directory}/namesrv/kvConfig.json`,
      configStorePath: `${directory}/namesrv.properties`,
      ...config,
    });
    await server.start();
  };
  beforeEach(() => {
    directory = mkdtempSync(`${tmpdir()}/namesrv-`);
    broker = new RemotingClient(host);
    client = new RemotingClient(host);
  });
  afterEach(async () => {
    await Promise.all([broker.stop(), client.stop()]);
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const ask = (
    code: number,
    header: ExtFields = {},
    body?: Buffer | string,
    from = client,
  ): Promise<RemotingCommand> => {
    const bytes = typeof body === 'string' ? Buffer.from(body) : body;
    return from.invoke(
      `127.0.0.1:${server.port}`,
      { code, header, ...(bytes === undefined ? {} : { body: bytes }) },
      60_000,
    );
  };
  const jsonOf = (answer: RemotingCommand): unknown => readJson(answer.body ?? Buffer.from('"no body"'));
  const route = (topic: string, more: ExtFields = {}) => ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic, ...more });

  const version = { counter: 1, stateVersion: 0, timestamp: 1 };
  const tableOf = (topics: readonly string[], dataVersion = version): Buffer => {
    const queues = { perm: 6, readQueueNums: 4, writeQueueNums: 4 };
    const topicConfigTable = new Map(topics.map((topicName) => [topicName, { topicName, ...queues }]));
    return writeJson({ topicConfigSerializeWrapper: { dataVersion, topicConfigTable } });
  };
  const who = (brokerId: number, more: ExtFields = {}): ExtFields => ({
    ...namesrvHeaders.RegisterBrokerRequest.encode({
      clusterName: 'C',
      brokerName: 'b',
      brokerAddr: `10.0.0.${brokerId + 1}:10911`,
      brokerId,
      haServerAddr: `10.0.0.${brokerId + 1}:10912`,
      enableActingMaster: false,
      compressed: false,
    }),
    ...more,
  });
  const register = (
    brokerId: number,
    more: ExtFields = {},
    body: Buffer | string | undefined = tableOf(['T', 'U']),
    from = broker,
  ) => ask(RequestCode.REGISTER_BROKER, who(brokerId, more), body, from);

  it('registers brokers, answers routes, and forgets a broker whose connection closes', async () => {
    await start();
    expect(await route('T')).toMatchObject({ code: 17, remark: expect.stringContaining('for the topic: T\nSee ') });
    expect((await ask(RequestCode.GET_ROUTEINFO_BY_TOPIC)).remark).toContain('null');
    expect((await register(0)).code).toBe(0);
    const slave = await register(1);
    expect(slave.extFields).toEqual({ masterAddr: '10.0.0.1:10911', haServerAddr: '10.0.0.1:10912' });
    expect((await route('T')).body?.toString()).toBe(
      '{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911","1":"10.0.0.2:10911"},"brokerName":"b","cluster":"C","enableActingMaster":false}],' +
        '"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}',
    );
    await broker.stop();
    let code = 0;
    while (code !== 17) code = (await route('T')).code;
    expect(jsonOf(await ask(RequestCode.GET_BROKER_CLUSTER_INFO))).toEqual({
      brokerAddrTable: {},
      clusterAddrTable: {},
    });
  });

  it('writes names outside ASCII so that every JSON reader gets them (18.9)', async () => {
    await start();
    await register(0, { brokerName: 'böker/☃' });
    const { body } = await route('T', { acceptStandardJsonOnly: 'true' });
    expect(body?.toString('latin1')).toContain('"brokerName":"b\\u00F6ker/\\u2603"');
    expect(JSON.parse(String(body))).toMatchObject({ brokerDatas: [{ brokerName: 'böker/☃' }] });
  });

  it('checks the body of a registration (18.4, 18.6, 18.8, 18.22)', async () => {
    await start();
    const body = tableOf(['T', 'U']);
    const crc = String(host.checksums.crc32(body) & 0x7fffffff);
    const cases: [string, ExtFields, Buffer | string | undefined, number][] = [
      ['right checksum', { bodyCrc32: crc }, body, 0],
      ['unchecked', { bodyCrc32: '0' }, body, 0],
      ['wrong checksum', { bodyCrc32: '1' }, body, 1],
      ['checksum of nothing', { bodyCrc32: '5' }, '', 1],
      ['nothing', {}, '', 0],
      ['an empty object', {}, '{}', 0],
      ['nonsense', {}, 'nonsense', 1],
      ['compressed that is not', { compressed: 'true' }, body, 1],
      ['compressed as plain', {}, host.compression.deflate(body), 1],
      ['no id', { brokerId: undefined }, body, 1],
      ['no name', { brokerName: undefined }, body, 1],
    ];
    for (const [name, fields, bytes, expected] of cases) {
      expect([name, (await register(0, fields, bytes)).code]).toEqual([name, expected]);
    }
    expect(await register(7, {}, tableOf(['T']))).toMatchObject({ code: 1, remark: 'register broker failed' });
  });

  it('takes topics from a slave of 5.x without a master, not from one of 4.9 (18.1)', async () => {
    await start();
    expect((await register(1, { enableActingMaster: undefined })).code).toBe(0);
    expect((await route('T')).code).toBe(17);
    expect((await register(1, { enableActingMaster: 'false' })).code).toBe(0);
    expect((await route('T')).code).toBe(0);
  });

  it('lets the higher epoch keep the master id: two-masters-in-route (18.3)', async () => {
    await start();
    const inEpoch = (stateVersion: number) => tableOf(['T', 'U'], { ...version, stateVersion });
    await register(0, { brokerAddr: 'new:1' }, inEpoch(2));
    await register(1, { brokerAddr: 'slave:1' }, inEpoch(2));
    const stale = new RemotingClient(host);
    const loser = await register(0, { brokerAddr: 'old:1' }, inEpoch(1), stale);
    expect(loser).toMatchObject({ code: 0, extFields: {}, body: undefined });
    expect(String((await route('T')).body)).toContain('"0":"new:1"');
    await stale.stop();
    expect(String((await route('T')).body)).toContain('"0":"new:1"');
  });

  it('loses nothing of a split-registration', async () => {
    await start();
    const part = (topics: Record<string, number>, counter: number) =>
      writeJson({
        topicConfigSerializeWrapper: {
          dataVersion: { ...version, counter },
          topicConfigTable: Object.fromEntries(Object.entries(topics).map(([topic, perm]) => [topic, { perm }])),
        },
      });
    await register(0, {}, part({ T1: 6, T2: 6 }, 1));
    await register(0, {}, part({ T3: 6, T4: 6 }, 1));
    await register(0, {}, part({ T1: 6, T2: 6 }, 2));
    await register(0, {}, part({ T3: 6, T4: 4 }, 2));
    expect(jsonOf(await route('T4'))).toMatchObject({ queueDatas: [{ perm: 4 }] });
    expect(jsonOf(await route('T3'))).toMatchObject({ queueDatas: [{ perm: 6 }] });
  });

  it('takes 100,000 topics in one registration and in parts of 800 (18.24)', async () => {
    await start();
    const names = Array.from({ length: 100_000 }, (_, index) => `topic-with-a-name-of-usual-length-${index}`);
    expect((await register(0, {}, tableOf(names))).code).toBe(0);
    const { topicList } = jsonOf(await ask(RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER)) as { topicList: string[] };
    expect(topicList).toHaveLength(100_000);
    for (let at = 0; at < 8000; at += 800) {
      expect((await register(2, { brokerName: 'parts' }, tableOf(names.slice(at, at + 800)))).code).toBe(0);
    }
    const last = jsonOf(await route(names[7999] as string)) as { queueDatas: unknown[] };
    expect(last.queueDatas).toHaveLength(2);
  }, 120_000);

  it('drops silent brokers and closes their connections (18.14)', async () => {
    await start();
    await register(0, { heartbeatTimeoutMillis: '1000' });
    skip(900);
    const heartbeat = { clusterName: 'C', brokerName: 'b', brokerAddr: '10.0.0.1:10911', brokerId: '0' };
    expect((await ask(RequestCode.BROKER_HEARTBEAT, heartbeat, undefined, broker)).code).toBe(0);
    expect((await ask(RequestCode.BROKER_HEARTBEAT, { ...heartbeat, brokerAddr: 'stranger:1' })).code).toBe(0);
    skip(900);
    expect((await ask(RequestCode.QUERY_DATA_VERSION, heartbeat, writeJson(version), broker)).code).toBe(0);
    skip(900);
    expect((await route('T')).code).toBe(0);
    const lost = new Promise((resolve) => broker.onConnectionLost(resolve));
    skip(1200);
    expect((await route('T')).code).toBe(17);
    await lost;
  });

  it('compares data versions (322)', async () => {
    await start();
    const query = (body: Buffer | undefined, address = '10.0.0.1:10911') =>
      ask(
        RequestCode.QUERY_DATA_VERSION,
        { clusterName: 'C', brokerName: 'b', brokerAddr: address, brokerId: '0' },
        body,
      );
    expect(await query(writeJson(version))).toMatchObject({ extFields: { changed: 'true' }, body: undefined });
    await register(0);
    const same = await query(writeJson(version));
    expect(same.extFields).toEqual({ changed: 'false' });
    expect(jsonOf(same)).toEqual(version);
    expect((await query(writeJson({ ...version, counter: 2 }))).extFields).toEqual({ changed: 'true' });
    expect((await query(undefined)).extFields).toEqual({ changed: 'true' });
    expect((await query(writeJson(version), 'stranger:1')).extFields).toEqual({ changed: 'true' });
  });

  it('unregisters at once (104)', async () => {
    await start();
    await register(0);
    await register(1);
    expect(
      (await ask(RequestCode.UNREGISTER_BROKER, { clusterName: 'C', brokerName: 'b', brokerAddr: '10.0.0.1:10911' }))
        .code,
    ).toBe(0);
    expect(
      Object.keys(
        (jsonOf(await route('T')) as { brokerDatas: { brokerAddrs: object }[] }).brokerDatas[0]?.brokerAddrs ?? {},
      ),
    ).toEqual(['1']);
  });

  it('wipes and adds write permission (205, 327)', async () => {
    await start();
    await register(0);
    expect((await ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'b' })).extFields).toEqual({
      wipeTopicCount: '2',
    });
    expect(jsonOf(await route('T'))).toMatchObject({ queueDatas: [{ perm: 4 }] });
    expect((await ask(RequestCode.ADD_WRITE_PERM_OF_BROKER, { brokerName: 'b' })).extFields).toEqual({
      addTopicCount: '2',
    });
    expect(jsonOf(await route('T'))).toMatchObject({ queueDatas: [{ perm: 6 }] });
    expect(await ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER, { brokerName: 'nobody' })).toMatchObject({
      code: 0,
      extFields: { wipeTopicCount: '0' },
    });
  });

  it('answers lists, members and clusters', async () => {
    await start();
    await register(
      0,
      {},
      '{"topicConfigSerializeWrapper":{"topicConfigTable":{"T":{"topicSysFlag":1},"U":{"topicSysFlag":2},"V":{"topicSysFlag":3}}}}',
    );
    const lists: [number, ExtFields, unknown][] = [
      [RequestCode.GET_ALL_TOPIC_LIST_FROM_NAMESERVER, {}, { topicList: ['T', 'U', 'V'] }],
      [RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'C' }, { topicList: ['T', 'U', 'V'] }],
      [RequestCode.GET_TOPICS_BY_CLUSTER, { cluster: 'nowhere' }, { topicList: [] }],
      [RequestCode.GET_SYSTEM_TOPIC_LIST_FROM_NS, {}, { topicList: ['C', 'b'], brokerAddr: '10.0.0.1:10911' }],
      [RequestCode.GET_UNIT_TOPIC_LIST, {}, { topicList: ['T', 'V'] }],
      [RequestCode.GET_HAS_UNIT_SUB_TOPIC_LIST, {}, { topicList: ['U', 'V'] }],
      [RequestCode.GET_HAS_UNIT_SUB_UNUNIT_TOPIC_LIST, {}, { topicList: ['U'] }],
      [
        RequestCode.GET_BROKER_MEMBER_GROUP,
        { clusterName: 'X', brokerName: 'b' },
        { brokerMemberGroup: { brokerAddrs: { '0': '10.0.0.1:10911' }, brokerName: 'b', cluster: 'X' } },
      ],
      [
        RequestCode.GET_BROKER_MEMBER_GROUP,
        { brokerName: 'nobody' },
        { brokerMemberGroup: { brokerAddrs: {}, brokerName: 'nobody' } },
      ],
      [
        RequestCode.GET_BROKER_CLUSTER_INFO,
        {},
        {
          brokerAddrTable: {
            b: { brokerAddrs: { '0': '10.0.0.1:10911' }, brokerName: 'b', cluster: 'C', enableActingMaster: false },
          },
          clusterAddrTable: { C: ['b'] },
        },
      ],
    ];
    for (const [code, header, expected] of lists) {
      const answer = await ask(code, header);
      expect([code, answer.code, jsonOf(answer)]).toEqual([code, 0, expected]);
    }
    await ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, 'enableTopicList=false\nenableAllTopicList=false');
    for (const [code, header] of lists.slice(0, 3))
      expect(await ask(code, header)).toMatchObject({ code: 1, remark: 'disable' });
  });

  it('registers and deletes single topics (217, 216)', async () => {
    await start();
    await register(0);
    const body = writeJson({
      queueDatas: [{ brokerName: 'b', readQueueNums: 8, writeQueueNums: 8, perm: 6 }, { brokerName: 'nobody' }],
    });
    expect((await ask(RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'N' }, body)).code).toBe(0);
    expect((await ask(RequestCode.REGISTER_TOPIC_IN_NAMESRV, { topic: 'M' })).code).toBe(0);
    expect(jsonOf(await route('N'))).toMatchObject({ queueDatas: [{ brokerName: 'b', readQueueNums: 8 }] });
    expect((await ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: 'N', clusterName: 'other' })).code).toBe(0);
    expect((await route('N')).code).toBe(0);
    expect((await ask(RequestCode.DELETE_TOPIC_IN_NAMESRV, { topic: 'N' })).code).toBe(0);
    expect((await route('N')).code).toBe(17);
  });

  it('keeps order configuration (18.20)', async () => {
    await start({ orderMessageEnable: true });
    const namespace = 'ORDER_TOPIC_CONFIG';
    expect(await ask(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace })).toMatchObject({ code: 22 });
    expect((await register(0)).body).toBeUndefined();
    expect(jsonOf(await route('T'))).not.toHaveProperty('orderTopicConf');
    expect((await ask(RequestCode.PUT_KV_CONFIG, { namespace, key: 'T', value: 'b:4' })).code).toBe(0);
    expect(jsonOf(await register(0))).toEqual({ table: { T: 'b:4' } });
    expect(jsonOf(await route('T'))).toMatchObject({ orderTopicConf: 'b:4' });
    expect((await ask(RequestCode.GET_KV_CONFIG, { namespace, key: 'T' })).extFields).toEqual({ value: 'b:4' });
    expect((await ask(RequestCode.DELETE_KV_CONFIG, { namespace, key: 'T' })).code).toBe(0);
    expect(await ask(RequestCode.GET_KV_CONFIG, { namespace, key: 'T' })).toMatchObject({
      code: 22,
      remark: 'No config item, Namespace: ORDER_TOPIC_CONFIG Key: T',
    });
    expect(jsonOf(await route('T'))).not.toHaveProperty('orderTopicConf');
    expect(jsonOf(await ask(RequestCode.GET_KVLIST_BY_NAMESPACE, { namespace }))).toEqual({ table: {} });
    expect(await ask(RequestCode.PUT_KV_CONFIG, { key: 'T' })).toMatchObject({
      code: 1,
      remark: 'namespace or key is null',
    });
    await ask(RequestCode.PUT_KV_CONFIG, { namespace, key: 'T', value: 'b:8' });
    await ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, 'orderMessageEnable=false');
    expect(jsonOf(await route('T'))).not.toHaveProperty('orderTopicConf');
    await server.stop();
    await start();
    expect((await ask(RequestCode.GET_KV_CONFIG, { namespace, key: 'T' })).extFields).toEqual({ value: 'b:8' });
  });

  it('changes its configuration at run time (18.22)', async () => {
    const path = `${directory}/namesrv.conf`;
    writeFileSync(path, '# ours\nneedWaitForService = false\nx=y\n');
    await start({ configStorePath: path });
    const update = (text: string) => ask(RequestCode.UPDATE_NAMESRV_CONFIG, {}, text);
    const all = async () => String((await ask(RequestCode.GET_NAMESRV_CONFIG)).body).split('\n');
    expect(await all()).toEqual(
      expect.arrayContaining(['listenPort=0', 'supportActingMaster=false', `configStorePath=${path}`]),
    );
    expect(await update('supportActingMaster=true\nkvConfigPath=/x')).toMatchObject({
      code: 16,
      remark: 'Can not update config in black list.',
    });
    expect(await update('supportActingMaster=true\nwaitSecondsForService=soon')).toMatchObject({
      code: 1,
      remark: expect.stringContaining('waitSecondsForService'),
    });
    expect((await update('unknown=1')).code).toBe(0);
    expect((await ask(RequestCode.UPDATE_NAMESRV_CONFIG)).code).toBe(0);
    expect(await all()).toContain('supportActingMaster=false');
    expect(readFileSync(path, 'utf8')).toBe('# ours\nneedWaitForService = false\nx=y\n');
    expect((await update('needWaitForService=true\nsupportActingMaster=true')).code).toBe(0);
    expect(await all()).toContain('supportActingMaster=true');
    expect(readFileSync(path, 'utf8')).toBe('# ours\nneedWaitForService=true\nx=y\nsupportActingMaster=true\n');
    expect(readFileSync(`${path}.bak`, 'utf8')).toBe('# ours\nneedWaitForService = false\nx=y\n');
  });

  it('asks clients to wait after a start (18.10)', async () => {
    await start({ needWaitForService: true, waitSecondsForService: 45 });
    expect(await route('T')).toMatchObject({ code: 1, remark: 'name server not ready' });
    skip(45_000);
    expect((await route('T')).code).toBe(17);
  });

  it('filters by zone when asked to (18.19)', async () => {
    await start();
    await register(0, { __ZONE_NAME: 'Z1' });
    const namesFor = async (fields: ExtFields) =>
      (jsonOf(await route('T', fields)) as { queueDatas: unknown[] }).queueDatas.length;
    expect(await namesFor({ __ZONE_NAME: 'z1', __ZONE_MODE: 'TRUE' })).toBe(1);
    expect(await namesFor({ __ZONE_NAME: 'Z2', __ZONE_MODE: 'true' })).toBe(0);
    expect(await namesFor({ __ZONE_NAME: 'Z2', __ZONE_MODE: 'false' })).toBe(1);
    expect(await namesFor({ __ZONE_NAME: ' ', __ZONE_MODE: 'true' })).toBe(1);
  });

  it('tells members of a new smallest id, and shrugs at those it cannot reach (18.23)', async () => {
    await start({ notifyMinBrokerIdChanged: true });
    const slave = new RemotingServer(host, { host: '127.0.0.1', port: 0 });
    const told = new Promise<ExtFields>((resolve) => {
      slave.handle(RequestCode.NOTIFY_MIN_BROKER_ID_CHANGE, ({ extFields }) => void resolve(extFields));
    });
    await slave.start();
    await register(2, { brokerAddr: '127.0.0.1:1' });
    await register(1, { brokerAddr: `127.0.0.1:${slave.port}` });
    await register(0);
    expect(await told).toEqual({
      brokerName: 'b',
      minBrokerId: '0',
      minBrokerAddr: '10.0.0.1:10911',
      haBrokerAddr: '10.0.0.1:10912',
    });
    await slave.stop();
  });

  it('refuses what it does not know, and lives on', async () => {
    await start();
    expect(await ask(9999)).toMatchObject({ code: 3, remark: ' request type 9999 not supported' });
    expect((await ask(RequestCode.WIPE_WRITE_PERM_OF_BROKER)).code).toBe(1);
    await server.stop();
    await server.stop();
  });
});
