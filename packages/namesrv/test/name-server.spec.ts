import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { nodeHost, silentLog } from '@batonmq/host';
import { RemotingClient, RequestCode, namesrvHeaders, readJson, writeJson, type ExtFields } from '@batonmq/remoting';
import { NameServer } from '../src';

const host = nodeHost(silentLog);

describe('a name server on loopback', () => {
  let directory: string;
  let server: NameServer;
  let broker: RemotingClient;
  let client: RemotingClient;

  beforeEach(async () => {
    directory = mkdtempSync(`${tmpdir()}/namesrv-`);
    server = new NameServer(host, {
      listenPort: 0,
      bindAddress: '127.0.0.1',
      kvConfigPath: `${directory}/namesrv/kvConfig.json`,
      configStorePath: `${directory}/namesrv.properties`,
    });
    await server.start();
    broker = new RemotingClient(host);
    client = new RemotingClient(host);
  });
  afterEach(async () => {
    await Promise.all([broker.stop(), client.stop()]);
    await server.stop();
    rmSync(directory, { recursive: true });
  });

  const ask = (code: number, header: ExtFields = {}, body?: Buffer, from = client) =>
    from.invoke(`127.0.0.1:${server.port}`, { code, header, ...(body === undefined ? {} : { body }) }, 5000);

  const table = (topics: string[], stateVersion = 0) =>
    writeJson({
      topicConfigSerializeWrapper: {
        dataVersion: { counter: 1, stateVersion, timestamp: 1 },
        topicConfigTable: new Map(
          topics.map((topicName) => [topicName, { topicName, perm: 6, readQueueNums: 4, writeQueueNums: 4 }]),
        ),
      },
    });

  const register = (brokerId: number, topics: string[], from = broker, more: { stateVersion?: number } = {}) =>
    ask(
      RequestCode.REGISTER_BROKER,
      namesrvHeaders.RegisterBrokerRequest.encode({
        clusterName: 'C',
        brokerName: 'b',
        brokerAddr: `10.0.0.${brokerId + 1}:10911`,
        brokerId,
        haServerAddr: `10.0.0.${brokerId + 1}:10912`,
        enableActingMaster: false,
        compressed: false,
      }),
      table(topics, more.stateVersion),
      from,
    );

  it('registers brokers, answers routes, and forgets a broker whose connection closes', async () => {
    expect((await ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T' })).code).toBe(17);
    expect((await register(0, ['T', 'U'])).code).toBe(0);
    const slave = await register(1, ['T', 'U']);
    expect(slave.extFields).toEqual({ masterAddr: '10.0.0.1:10911', haServerAddr: '10.0.0.1:10912' });
    const route = await ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T' });
    expect(route.body?.toString()).toBe(
      '{"brokerDatas":[{"brokerAddrs":{"0":"10.0.0.1:10911","1":"10.0.0.2:10911"},"brokerName":"b","cluster":"C","enableActingMaster":false}],' +
        '"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":4,"topicSysFlag":0,"writeQueueNums":4}]}',
    );
    await broker.stop();
    let code = 0;
    while (code !== 17) code = (await ask(RequestCode.GET_ROUTEINFO_BY_TOPIC, { topic: 'T' })).code;
    expect(readJson((await ask(RequestCode.GET_BROKER_CLUSTER_INFO)).body as Buffer)).toEqual({
      brokerAddrTable: {},
      clusterAddrTable: {},
    });
  });
});
