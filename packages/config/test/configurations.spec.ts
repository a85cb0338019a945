import { join } from 'node:path';
import { nodeHost, silentLog } from '@batonmq/host';
import {
  brokerAddresses,
  brokerConfig,
  controllerConfig,
  controllerPeers,
  type Defaults,
  defaultsOf,
  formatProperties,
  type KeySpec,
  loadConfigFile,
  namesrvConfig,
  parseProperties,
  readConfig,
  remotingClientConfig,
  remotingServerConfig,
  storeConfig,
  storePaths,
  validateBroker,
} from '../src';

const machine: Defaults = {
  homeDir: '/home/admin',
  hostName: 'node-7',
  address: '10.0.0.7',
  totalMemoryBytes: 8e9,
  cores: 6,
};
const load = (name: string) => loadConfigFile(nodeHost(silentLog).files, join(__dirname, 'data', name));
const quiet = { warnings: [], hints: [] };

describe('configurations of the failover guide', () => {
  it('name server with controller', () => {
    const schemas = [namesrvConfig, controllerConfig, remotingServerConfig, remotingClientConfig] as const;
    const { values, ...said } = readConfig(schemas, load('namesrv.conf'), 'namesrv.conf', machine);
    expect(said).toEqual(quiet);
    expect(values).toMatchObject({
      enableControllerInNamesrv: true,
      listenPort: 9876,
      controllerStorePath: '/home/admin/DledgerController',
      enableElectUncleanMaster: false,
      notifyBrokerRoleChanged: true,
    });
    expect(controllerPeers(values)).toMatchObject({
      group: 'group1',
      selfId: 'n0',
      self: { address: '127.0.0.1:9877' },
    });
  });

  it('broker', () => {
    const schemas = [brokerConfig, remotingServerConfig, remotingClientConfig] as const;
    const { values, ...said } = readConfig(schemas, load('broker.conf'), 'broker.conf', machine);
    expect(said).toEqual(quiet);
    expect(validateBroker(values)).toEqual([]);
    expect(values).toMatchObject({
      brokerClusterName: 'DefaultCluster',
      brokerName: 'broker-a',
      brokerId: -1,
      brokerRole: 'SLAVE',
      enableControllerMode: true,
      controllerAddr: '127.0.0.1:9877;127.0.0.1:9878;127.0.0.1:9879',
      namesrvAddr: '127.0.0.1:9876',
      allAckInSyncStateSet: true,
    });
    expect(brokerAddresses(values)).toMatchObject({ address: '10.0.0.7:30911', fastPort: 30909, haPort: 30912 });
    expect(storePaths(values)).toMatchObject({
      root: '/home/admin/store/node00',
      epochFile: '/home/admin/store/node00/epochFileCheckpoint',
    });
  });
});

const schemas = [
  namesrvConfig,
  controllerConfig,
  brokerConfig,
  storeConfig,
  remotingServerConfig,
  remotingClientConfig,
];

describe.each(schemas.map((schema) => [schema.name, schema] as const))('%s', (_name, schema) => {
  const values: Record<string, unknown> = defaultsOf(schema, machine);

  it('reads each default back from its text', () => {
    const properties = parseProperties(formatProperties(Object.entries(values)));
    const { values: again, ...said } = readConfig(schema, properties, 'x', machine);
    expect(again).toEqual(values);
    expect(said).toEqual(quiet);
  });

  it('explains every key, every default that it computes, and why a key has no effect', () => {
    const unexplained = Object.entries<KeySpec<unknown>>(schema.keys).filter(([, spec]) => {
      const computed = typeof spec.fallback === 'function' && spec.shown === undefined;
      return spec.doc === '' || computed || (spec.accepted === undefined) !== (spec.reason === undefined);
    });
    expect(unexplained).toEqual([]);
  });
});

/** RocketMQ's defaults, from the sources of 5.x; one line per theme. */
describe('defaults', () => {
  it.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'machine',
      defaultsOf(brokerConfig, machine),
      { brokerName: 'node-7', brokerIP1: '10.0.0.7', storePathRootDir: '/home/admin/store' },
    ],
    [
      'cores',
      defaultsOf(brokerConfig, machine),
      { sendMessageThreadPoolNums: 4, pullMessageThreadPoolNums: 28, endTransactionThreadPoolNums: 20 },
    ],
    [
      'environment',
      defaultsOf(brokerConfig, { ...machine, namesrvAddr: 'a:1', rocketmqHome: '/mq' }),
      { namesrvAddr: 'a:1', rocketmqHome: '/mq' },
    ],
    [
      'none',
      defaultsOf(brokerConfig, machine),
      { namesrvAddr: undefined, storePathEpochFile: undefined, haMasterAddress: undefined },
    ],
    [
      'store',
      defaultsOf(storeConfig),
      {
        mappedFileSizeCommitLog: 1073741824,
        mappedFileSizeConsumeQueue: 6000000,
        maxMessageSize: 4194304,
        maxIndexNum: 20000000,
      },
    ],
    [
      'namesrv',
      defaultsOf(namesrvConfig, machine),
      { kvConfigPath: '/home/admin/namesrv/kvConfig.json', unRegisterBrokerQueueCapacity: 3000 },
    ],
    [
      'controller',
      defaultsOf(controllerConfig),
      { controllerType: 'DLedger', processReadEvent: false, metricsExporterType: 'DISABLE' },
    ],
    ['server', defaultsOf(remotingServerConfig), { serverChannelMaxIdleTimeSeconds: 120, bindAddress: '0.0.0.0' }],
    [
      'client',
      defaultsOf(remotingClientConfig, machine),
      { clientCallbackExecutorThreads: 6, scanAvailableNameSrv: true },
    ],
  ])('%s', (_theme, values, expected) => {
    for (const [key, value] of Object.entries(expected)) expect([key, values[key]]).toEqual([key, value]);
  });
});

test.each([
  ['isProcessReadEvent=true', [controllerConfig], /did you mean processReadEvent\?/],
  ['enableDledgerCommitLog=true', [brokerConfig], /did you mean enableDLegerCommitLog\?/],
  ['useEpollNativeSelector=true', [remotingServerConfig], /has no effect: there is no Netty here/],
])('%s is remarked upon', (line, used, remark) => {
  const { warnings, hints } = readConfig(used, parseProperties(line), 'x');
  expect([...warnings, ...hints]).toEqual([expect.stringMatching(remark)]);
});
