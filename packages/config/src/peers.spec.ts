import { controllerPeers, parsePeers } from './peers';
import { parseProperties } from './properties';
import { readConfig } from './read-config';
import { controllerConfig } from './schemas';

const peersOf = (lines: string) => controllerPeers(readConfig(controllerConfig, parseProperties(lines), 'x').values);
const three = 'n0-127.0.0.1:9877;n1-127.0.0.1:9878;n2-127.0.0.1:9879';
const jRaft =
  'jRaftInitConf=a-0.svc:9880,a-1.svc:9880,a-2.svc:9880\njRaftControllerRPCAddr=a-0.svc:9770,a-1.svc:9770,a-2.svc:9770\n';

describe('parsePeers', () => {
  it.each([
    [three, ['n0 127.0.0.1 9877', 'n1 127.0.0.1 9878', 'n2 127.0.0.1 9879']],
    [' n0-host-with-dashes:1 ;', ['n0 host-with-dashes 1']],
    ['n0-[::1]:9877', ['n0 ::1 9877']],
  ])('reads %s', (text, expected) => {
    expect(parsePeers(text).map(({ id, host, port }) => `${id} ${host} ${port}`)).toEqual(expected);
  });

  it.each([
    ['', /controllerDLegerPeers is missing/],
    [' ; ', /is missing/],
    ['127.0.0.1:9877', /entry "127.0.0.1:9877" has no id before a dash/],
    ['-127.0.0.1:9877', /has no id/],
    ['n0-127.0.0.1', /"127.0.0.1" of n0 is not an address; expected host:port/],
    ['n0-127.0.0.1:9877,n1-127.0.0.1:9878', /is not an address/],
    ['n0-127.0.0.1:0', /is not an address/],
    ['n0-127.0.0.1:70000', /is not an address/],
    ['n0-h:1;n0-h:2', /id "n0" twice/],
    ['n0-h:1;n1-h:1', /address h:1 twice/],
  ])('refuses "%s"', (text, message) => {
    expect(() => parsePeers(text)).toThrow(
      expect.objectContaining({
        code: 'CONFIG_INVALID',
        key: 'controllerDLegerPeers',
        message: expect.stringMatching(message),
      }),
    );
  });
});

describe('controllerPeers', () => {
  it('reads the DLeger keys', () => {
    const found = peersOf(`controllerDLegerGroup=g\ncontrollerDLegerPeers=${three}\ncontrollerDLegerSelfId=n1`);
    expect(found).toMatchObject({ group: 'g', selfId: 'n1', self: { id: 'n1', address: '127.0.0.1:9878' } });
    expect(found.peers).toHaveLength(3);
  });

  it.each([
    ['with controllerType', `controllerType=jRaft\n${jRaft}jRaftServerId=a-1.svc:9880\ncontrollerDLegerPeers=${three}`],
    ['without it and without DLeger peers', `${jRaft}jRaftServerId=a-1.svc:9880`],
  ])('reads the jRaft keys %s', (_how, lines) => {
    expect(peersOf(lines)).toMatchObject({
      group: 'jRaft-Controller',
      selfId: 'a-1.svc:9880',
      self: { address: 'a-1.svc:9770', host: 'a-1.svc', port: 9770 },
      peers: [{ id: 'a-0.svc:9880' }, { id: 'a-1.svc:9880' }, { id: 'a-2.svc:9880' }],
    });
  });

  it('prefers DLeger peers when nothing says jRaft', () => {
    expect(peersOf(`${jRaft}controllerDLegerPeers=${three}\ncontrollerDLegerSelfId=n0`).selfId).toBe('n0');
  });

  it.each([
    ['', 'controllerDLegerPeers', /is missing; expected id-host:port/],
    [`controllerDLegerPeers=${three}`, 'controllerDLegerSelfId', /is missing; expected one of n0, n1, n2/],
    [
      `controllerDLegerPeers=${three}\ncontrollerDLegerSelfId=n3`,
      'controllerDLegerSelfId',
      /"n3" is not among the ids of controllerDLegerPeers/,
    ],
    ['controllerType=jRaft\njRaftServerId=h:1', 'jRaftServerId', /"h:1" is not among the ids of jRaftInitConf/],
    [
      'controllerType=jRaft\njRaftControllerRPCAddr=h:1',
      'jRaftControllerRPCAddr',
      /has 1 addresses, jRaftInitConf has 3/,
    ],
    ['controllerType=jRaft\njRaftInitConf=h\njRaftServerId=h', 'jRaftInitConf', /"h" is not an address/],
    ['controllerType=jRaft\njRaftInitConf=', 'jRaftInitConf', /is missing/],
  ])('refuses %s', (lines, key, message) => {
    expect(() => peersOf(lines)).toThrow(
      expect.objectContaining({ code: 'CONFIG_INVALID', key, message: expect.stringMatching(message) }),
    );
  });
});
