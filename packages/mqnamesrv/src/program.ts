import {
  controllerConfig,
  namesrvConfig,
  readConfig,
  remotingClientConfig,
  remotingServerConfig,
} from '@batonmq/config';
import { Controller } from '@batonmq/controller';
import type { Host, Lifecycle } from '@batonmq/host';
import type { Composition, Program, Properties } from '@batonmq/launcher';
import { NameServer } from '@batonmq/namesrv';

/** A name server; with enableControllerInNamesrv=true also a controller, which shares nothing with it but the process. */
export const program: Program = {
  name: 'mqnamesrv',
  description: 'Name server, with the controller embedded when enableControllerInNamesrv=true',
  schemas: [namesrvConfig, controllerConfig, remotingServerConfig, remotingClientConfig],
  important: [
    'listenPort',
    'bindAddress',
    'kvConfigPath',
    'enableControllerInNamesrv',
    'controllerDLegerGroup',
    'controllerDLegerPeers',
    'controllerDLegerSelfId',
    'controllerStorePath',
    'enableElectUncleanMaster',
    'notifyBrokerRoleChanged',
  ],
  compose,
};

const DEFAULT_PORT = '9876';

function compose(host: Host, { map, source, machine }: Properties): Composition {
  const properties = map.has('listenPort') ? map : new Map(map).set('listenPort', DEFAULT_PORT);
  const { values: config } = readConfig([namesrvConfig, remotingServerConfig], properties, source, machine);
  const nameServer = new NameServer(host, config);
  const parts: Lifecycle[] = [nameServer];
  const lines = [
    `The Name Server boot success. serializeType=JSON, address ${config.bindAddress}:${config.listenPort}`,
  ];
  if (config.enableControllerInNamesrv) {
    const { values: controller } = readConfig([controllerConfig, remotingServerConfig], map, source, machine);
    parts.push(new Controller(host, controller));
    lines.push('The ControllerManager boot success. serializeType=JSON');
  }
  return { parts, ready: () => lines };
}
