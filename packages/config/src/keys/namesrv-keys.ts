import { flag, int, long, optionalText, text } from '../key-spec';
import { noThreads } from './no-effect';

/** @source NamesrvConfig; listenPort from NamesrvStartup */
export const namesrvKeys = {
  rocketmqHome: optionalText(
    { shown: '`ROCKETMQ_HOME`', doc: 'home directory of the installation; not needed here' },
    (machine) => machine.rocketmqHome,
  ),
  listenPort: int(9876, { min: 0, max: 65535, unit: 'port', doc: 'where clients and brokers connect; 0: a free one' }),
  kvConfigPath: text((machine) => `${machine.homeDir}/namesrv/kvConfig.json`, {
    shown: '`<home>/namesrv/kvConfig.json`',
    doc: 'file of the KV configuration',
  }),
  configStorePath: text((machine) => `${machine.homeDir}/namesrv/namesrv.properties`, {
    shown: '`<home>/namesrv/namesrv.properties`',
    doc: "where updates at run time are written; never read. With -c it is that file, and the key means the controller's",
  }),
  productEnvName: text('center', { doc: 'environment in the name of clusterTest lookups' }),
  clusterTest: flag(false, { doc: 'answers unknown topics from another environment' }),
  orderMessageEnable: flag(false, { doc: 'puts the order configuration of a topic into its route' }),
  returnOrderTopicConfigToBroker: flag(true, { doc: 'puts the order KV table into answers to registrations' }),
  clientRequestThreadPoolNums: int(8, { ...noThreads, min: 1, doc: 'threads for route requests' }),
  clientRequestThreadPoolQueueCapacity: int(50000, { min: 1, unit: 'requests', doc: 'route requests that may wait' }),
  defaultThreadPoolNums: int(16, { ...noThreads, min: 1, doc: 'threads for all other requests' }),
  defaultThreadPoolQueueCapacity: int(10000, { min: 1, unit: 'requests', doc: 'other requests that may wait' }),
  scanNotActiveBrokerInterval: long(5000, { min: 1, unit: 'ms', doc: 'period of the search for silent brokers' }),
  unRegisterBrokerQueueCapacity: int(3000, { min: 1, unit: 'brokers', doc: 'brokers that may wait to be removed' }),
  supportActingMaster: flag(false, { doc: 'shows the smallest slave as read-only master of a group without one' }),
  enableAllTopicList: flag(true, { doc: 'allows the list of all topics' }),
  enableTopicList: flag(true, { doc: 'allows the lists of topics by kind' }),
  notifyMinBrokerIdChanged: flag(false, { doc: 'tells brokers when the smallest id of their group changes' }),
  enableControllerInNamesrv: flag(false, { doc: 'runs a controller in this process, from the same file' }),
  needWaitForService: flag(false, { doc: 'answers no route for a while after the start' }),
  waitSecondsForService: int(45, { min: 0, unit: 's', doc: 'how long needWaitForService waits' }),
  deleteTopicWithBrokerRegistration: flag(false, { doc: 'drops topics that a full registration no longer has' }),
  configBlackList: text('configBlackList;configStorePath;kvConfigPath', {
    doc: 'keys that may not change at run time',
  }),
};
