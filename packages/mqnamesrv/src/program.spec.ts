import { anyMachine, parseProperties } from '@batonmq/config';
import { nodeHost, silentLog } from '@batonmq/host';
import { program } from './program';

const GUIDE = `
enableControllerInNamesrv = true
controllerDLegerGroup = group1
controllerDLegerPeers = n0-127.0.0.1:9877;n1-127.0.0.1:9878;n2-127.0.0.1:9879
controllerDLegerSelfId = n0
controllerStorePath = /home/admin/DledgerController
enableElectUncleanMaster = false
notifyBrokerRoleChanged = true
`;

const compose = (text: string) =>
  program.compose(nodeHost(silentLog), { map: parseProperties(text), source: 'test', machine: anyMachine });

describe('mqnamesrv', () => {
  it('embeds a controller when the file says so, and says which parts are up', () => {
    const { parts, ready } = compose(GUIDE);
    expect(parts).toHaveLength(2);
    expect(ready()).toEqual([
      'The Name Server boot success. serializeType=JSON, address 0.0.0.0:9876',
      'The ControllerManager boot success. serializeType=JSON',
    ]);
  });

  it('is a name server alone otherwise', () => {
    expect(compose('listenPort = 9999').parts).toHaveLength(1);
    expect(compose('listenPort = 9999').ready()[0]).toContain(':9999');
  });

  it('refuses a half-configured controller before anything runs', () => {
    expect(() => compose(GUIDE.replace('SelfId = n0', 'SelfId = n9'))).toThrow(/n9/);
  });
});
