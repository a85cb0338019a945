import { controllerConfig, readConfig, remotingClientConfig, remotingServerConfig } from '@batonmq/config';
import { Controller } from '@batonmq/controller';
import type { Host } from '@batonmq/host';
import type { Composition, Program, Properties } from '@batonmq/launcher';

/** A controller on its own. */
export const program: Program = {
  name: 'mqcontroller',
  description: 'Controller: elects the masters of replica groups',
  schemas: [controllerConfig, remotingServerConfig, remotingClientConfig],
  important: [
    'controllerDLegerGroup',
    'controllerDLegerPeers',
    'controllerDLegerSelfId',
    'controllerStorePath',
    'enableElectUncleanMaster',
    'notifyBrokerRoleChanged',
  ],
  compose,
};

function compose(host: Host, { map, source, machine }: Properties): Composition {
  const { values } = readConfig([controllerConfig, remotingServerConfig], map, source, machine);
  return {
    parts: [new Controller(host, values)],
    ready: () => ['The Controller Server boot success. serializeType=JSON'],
  };
}
