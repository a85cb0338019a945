import { Broker } from '@batonmq/broker';
import {
  brokerAddresses,
  brokerConfig,
  readConfig,
  remotingClientConfig,
  remotingServerConfig,
  validateBroker,
} from '@batonmq/config';
import type { Host } from '@batonmq/host';
import type { Composition, Program, Properties } from '@batonmq/launcher';

export const program: Program = {
  name: 'mqbroker',
  description: 'Broker; in controller mode its role comes from the controller',
  schemas: [brokerConfig, remotingServerConfig, remotingClientConfig],
  important: [
    'brokerClusterName',
    'brokerName',
    'brokerId',
    'brokerRole',
    'namesrvAddr',
    'listenPort',
    'brokerIP1',
    'storePathRootDir',
    'flushDiskType',
    'enableControllerMode',
    'controllerAddr',
    'allAckInSyncStateSet',
    'minInSyncReplicas',
    'autoCreateTopicEnable',
  ],
  compose,
};

const DEFAULT_PORT = '10911';

function compose(host: Host, { map, source, machine }: Properties): Composition {
  const properties = map.has('listenPort') ? map : new Map(map).set('listenPort', DEFAULT_PORT);
  const { values: config } = readConfig([brokerConfig, remotingServerConfig], properties, source, machine);
  for (const line of validateBroker(config)) process.stderr.write(`mqbroker: ${line}\n`);
  const { address } = brokerAddresses(config);
  const nameServers = config.namesrvAddr === undefined ? '' : ` and name server is ${config.namesrvAddr}`;
  return {
    parts: [new Broker(host, config)],
    ready: () => [`The broker[${config.brokerName}, ${address}] boot success. serializeType=JSON${nameServers}`],
  };
}
