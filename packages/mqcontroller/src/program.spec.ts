import { anyMachine, parseProperties } from '@batonmq/config';
import { nodeHost, silentLog } from '@batonmq/host';
import { program } from './program';

const compose = (text: string) =>
  program.compose(nodeHost(silentLog), { map: parseProperties(text), source: 'test', machine: anyMachine });

describe('mqcontroller', () => {
  it.each([
    ['DLeger', 'controllerDLegerGroup=g\ncontrollerDLegerPeers=n0-127.0.0.1:9877\ncontrollerDLegerSelfId=n0'],
    [
      'jRaft',
      'controllerType=jRaft\njRaftGroupId=g\njRaftServerId=127.0.0.1:9880\njRaftInitConf=127.0.0.1:9880\njRaftControllerRPCAddr=127.0.0.1:9770',
    ],
  ])('composes a controller from %s keys', (_kind, text) => {
    const { parts, ready } = compose(text);
    expect(parts).toHaveLength(1);
    expect(ready()).toEqual(['The Controller Server boot success. serializeType=JSON']);
  });

  it('names the key that is missing', () => {
    expect(() => compose('controllerDLegerGroup=g')).toThrow(/controllerDLegerPeers/);
  });
});
