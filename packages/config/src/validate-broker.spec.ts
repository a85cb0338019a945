import { brokerAddresses } from './broker-addresses';
import { parseProperties } from './properties';
import { readConfig } from './read-config';
import { brokerConfig, controllerConfig } from './schemas';
import { controllerStorePath, storePaths } from './store-paths';
import { validateBroker } from './validate-broker';

const broker = (lines: string) => readConfig(brokerConfig, parseProperties(lines), 'x').values;
const mode = 'enableControllerMode=true\ncontrollerAddr=127.0.0.1:9877\n';

describe('validateBroker', () => {
  it.each([
    ['', 0],
    [mode, 0],
    ['controllerAddr=h:1', 1],
    ['allAckInSyncStateSet=true', 1],
    ['minInSyncReplicas=2', 1],
  ])('accepts "%s" with %d remarks', (lines, remarks) => {
    expect(validateBroker(broker(lines))).toHaveLength(remarks);
  });

  it.each([
    [`${mode}enableDLegerCommitLog=true`, 'enableDLegerCommitLog', /exclude each other/],
    [`${mode}duplicationEnable=true`, 'duplicationEnable', /exclude each other/],
    ['enableDLegerCommitLog=true', 'enableDLegerCommitLog', /not supported.*enableControllerMode/],
    ['enableControllerMode=true', 'controllerAddr', /is missing.*controllerAddr=host:port;host:port/],
    ['enableControllerMode=true\ncontrollerAddr= ; ', 'controllerAddr', /is missing/],
    ['enableControllerMode=true\ncontrollerAddr=127.0.0.1', 'controllerAddr', /"127.0.0.1" that is not an address/],
    [`${mode}controllerAddr=a:1;b:2\nfetchControllerAddrByDnsLookup=true`, 'controllerAddr', /one domain:port/],
    ['namesrvAddr=127.0.0.1:9876,127.0.0.1:9877', 'namesrvAddr', /not an address.*host:port;host:port/],
    ['namesrvAddr=127.0.0.1:0', 'namesrvAddr', /not an address/],
    ['brokerName=', 'brokerName', /is empty/],
    ['listenPort=65535', 'listenPort', /no HA port/],
    ['haListenPort=10911', 'haListenPort', /taken by listenPort/],
    ['haListenPort=10909', 'haListenPort', /taken by the fast port/],
  ])('refuses %s', (lines, key, message) => {
    expect(() => validateBroker(broker(lines))).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', key, message: expect.stringMatching(message) }),
    );
  });
});

describe('brokerAddresses', () => {
  it.each([
    ['', '10911 10909 10912'],
    ['listenPort=30911', '30911 30909 30912'],
    ['haListenPort=-1', '10911 10909 10912'],
    ['haListenPort=5', '10911 10909 5'],
    ['listenPort=0', '0 0 0'],
    ['listenPort=1', '1 0 2'],
  ])('"%s": %s', (lines, ports) => {
    const { listenPort, fastPort, haPort } = brokerAddresses(broker(lines));
    expect(`${listenPort} ${fastPort} ${haPort}`).toBe(ports);
  });

  it('has two interfaces', () => {
    expect(brokerAddresses(broker('brokerIP1=1.1.1.1\nbrokerIP2=2.2.2.2'))).toMatchObject({
      address: '1.1.1.1:10911',
      fastAddress: '1.1.1.1:10909',
      haAddress: '2.2.2.2:10912',
    });
  });
});

describe('storePaths', () => {
  it.each([
    [
      '',
      {
        root: '/root/store',
        commitLog: '/root/store/commitlog',
        lock: '/root/store/lock',
        epochFile: '/root/store/epochFileCheckpoint',
      },
    ],
    [
      'storePathRootDir=/s/',
      { root: '/s', index: '/s/index', brokerIdentity: '/s/brokerIdentity', timerLog: '/s/timerlog' },
    ],
    ['storePathCommitLog=/a, /b', { commitLog: '/a', commitLogs: ['/a', '/b'] }],
    ['storePathEpochFile=/e\nstorePathBrokerIdentity=/i', { epochFile: '/e', brokerIdentity: '/i' }],
  ])('"%s"', (lines, expected) => {
    expect(storePaths(broker(lines))).toMatchObject(expected);
  });

  it.each([
    ['', '/h/DLedgerController'],
    ['controllerType=jRaft', '/h/jRaftController'],
    ['controllerStorePath=/c', '/c'],
  ])('controller "%s": %s', (lines, expected) => {
    expect(controllerStorePath(readConfig(controllerConfig, parseProperties(lines), 'x').values, '/h')).toBe(expected);
  });
});
