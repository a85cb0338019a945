import { anyMachine, parseProperties } from '@batonmq/config';
import { nodeHost, silentLog } from '@batonmq/host';
import { program } from './program';

const GUIDE = `
brokerClusterName = DefaultCluster
brokerName = broker-a
brokerId = -1
brokerRole = SLAVE
enableControllerMode = true
controllerAddr = 127.0.0.1:9877;127.0.0.1:9878;127.0.0.1:9879
namesrvAddr = 127.0.0.1:9876
allAckInSyncStateSet = true
listenPort = 30911
storePathRootDir = /home/admin/store/node00
`;

const compose = (text: string) =>
  program.compose(nodeHost(silentLog), { map: parseProperties(text), source: 'test', machine: anyMachine });

describe('mqbroker', () => {
  it('takes the file of the deployment guide as it stands', () => {
    const { parts, ready } = compose(GUIDE);
    expect(parts).toHaveLength(1);
    expect(ready()[0]).toBe(
      'The broker[broker-a, 127.0.0.1:30911] boot success. serializeType=JSON and name server is 127.0.0.1:9876',
    );
  });

  it.each([
    ['controller mode without controllers', GUIDE.replace(/controllerAddr.*\n/, ''), /controllerAddr/],
    ['a slave without a controller', 'brokerName=a\nbrokerRole=SLAVE', /enableControllerMode/],
    ['a delay level that is none', 'brokerName=a\nmessageDelayLevel=1s soon', /messageDelayLevel/],
  ])('refuses %s', (_what, text, expected) => {
    expect(() => compose(text)).toThrow(expected);
  });
});
