import { flag, int, long, optionalText, text } from '../key-spec';
import { noThreads } from './no-effect';

/** Who a broker is, and how it registers. @source BrokerConfig, BrokerIdentity; listenPort from BrokerStartup */
export const brokerIdentityKeys = {
  brokerClusterName: text('DefaultCluster', { doc: 'cluster of the broker' }),
  brokerName: text((machine) => machine.hostName, {
    shown: 'host name',
    doc: 'replica group; the same for all its members',
  }),
  brokerId: long(0, { doc: '0 master, else slave; in controller mode the controller decides' }),
  inBrokerContainer: flag(false, {
    accepted: 'no effect',
    reason: 'there is no broker container',
    doc: 'runs beside other brokers in one process',
  }),
  namesrvAddr: optionalText(
    { shown: '`NAMESRV_ADDR`', doc: 'name servers, as host:port;host:port' },
    (machine) => machine.namesrvAddr,
  ),
  listenPort: int(10911, {
    min: 0,
    max: 65535,
    unit: 'port',
    doc: 'where clients connect; the fast port is two below, the HA port one above',
  }),
  brokerIP1: text((machine) => machine.address, { shown: 'first address', doc: 'address that clients are told' }),
  brokerIP2: text((machine) => machine.address, { shown: 'first address', doc: 'address that slaves are told' }),
  brokerPermission: int(6, { min: 0, max: 7, doc: 'read 4, write 2; both 6' }),
  rocketmqHome: optionalText(
    { shown: '`ROCKETMQ_HOME`', doc: 'home directory of the installation; not needed here' },
    (machine) => machine.rocketmqHome,
  ),
  brokerConfigPath: optionalText({ doc: 'file that updates at run time are written to; set by -c' }),
  configBlackList: text('configBlackList;brokerConfigPath', {
    doc: 'keys that may not change at run time; rocketmqHome never may',
  }),
  configManagerVersion: text('v1', {
    accepted: 'no effect',
    reason: 'metadata is kept in files (v1) only',
    doc: 'where metadata is kept',
  }),
};

export const registrationKeys = {
  fetchNameSrvAddrByDnsLookup: flag(false, { doc: 'namesrvAddr is a domain to be resolved again and again' }),
  fetchNamesrvAddrByAddressServer: flag(false, { doc: 'asks an address server for name servers' }),
  rmqAddressServerDomain: text('jmenv.tbsite.net', { doc: 'that address server' }),
  rmqAddressServerSubGroup: text('nsaddr', { doc: 'path on it' }),
  fetchNamesrvAddrInterval: long(10000, { min: 1, unit: 'ms', doc: 'period of that' }),
  updateNameServerAddrPeriod: int(120000, { min: 1, unit: 'ms', doc: 'period of resolving the domain' }),
  registerNameServerPeriod: int(30000, { unit: 'ms', doc: 'period of registration; kept within 10 to 60 s' }),
  registerBrokerTimeoutMills: int(24000, { min: 1, unit: 'ms', doc: 'patience with a name server' }),
  forceRegister: flag(true, { doc: 'registers even when nothing changed' }),
  compressedRegister: flag(false, { doc: 'compresses registrations' }),
  enableSplitRegistration: flag(false, { doc: 'registers topics in parts' }),
  splitRegistrationSize: int(800, { min: 1, unit: 'topics', doc: 'size of a part' }),
  enableSingleTopicRegister: flag(false, { doc: 'registers a changed topic alone' }),
  compatibleWithOldNameSrv: flag(true, { doc: 'asks name servers of 4.x in their way' }),
  enableSplitMetadata: flag(true, { doc: 'gives slaves metadata in parts' }),
  splitMetadataSize: int(2000, { min: 1, unit: 'entries', doc: 'size of a part' }),
  regionId: text('DefaultRegion', { doc: 'region that traces name' }),
  clusterTopicEnable: flag(true, { doc: 'has a topic named as the cluster' }),
  brokerTopicEnable: flag(true, { doc: 'has a topic named as the broker' }),
  traceTopicEnable: flag(false, { doc: 'has the trace topic' }),
  msgTraceTopicName: text('RMQ_SYS_TRACE_TOPIC', { doc: 'name of the trace topic' }),
  traceOn: flag(true, { doc: 'tells clients that they may trace' }),
  autoCreateTopicEnable: flag(true, { doc: 'sending to an unknown topic makes it' }),
  autoCreateSubscriptionGroup: flag(true, { doc: 'consuming with an unknown group makes it' }),
  defaultTopicQueueNums: int(8, { min: 1, unit: 'queues', doc: 'queues of a topic made so' }),
  validateSystemTopicWhenUpdateTopic: flag(true, { doc: 'refuses changes of system topics' }),
  clearRetryTopicWhenDeleteTopic: flag(true, { doc: 'deletes pop retry topics together with a topic' }),
  enableMixedMessageType: flag(false, { doc: 'topics may hold messages of every type' }),
  enableCreateSysGroup: flag(true, { doc: 'has the system groups' }),
  enableRegisterProducer: flag(true, { doc: 'remembers producers' }),
  recoverConcurrently: flag(false, { ...noThreads, doc: 'recovers queues with several threads' }),
  messageStorePlugIn: text('', {
    accepted: 'no effect',
    reason: 'there are no store plug-ins',
    doc: 'classes around the store',
  }),
};

/** Controller mode. @source BrokerConfig */
export const brokerModeKeys = {
  enableControllerMode: flag(false, { doc: 'the controller elects the master' }),
  controllerAddr: text('', {
    doc: 'controllers, as host:port;host:port; with fetchControllerAddrByDnsLookup one domain:port',
  }),
  fetchControllerAddrByDnsLookup: flag(false, { doc: 'controllerAddr is a domain to be resolved every 2 min' }),
  brokerHeartbeatInterval: int(1000, {
    min: 1,
    unit: 'ms',
    doc: 'period of heartbeats to controllers and name servers',
  }),
  sendHeartbeatTimeoutMillis: int(1000, { min: 1, unit: 'ms', doc: 'patience with a heartbeat' }),
  brokerNotActiveTimeoutMillis: long(10000, {
    min: 1,
    unit: 'ms',
    doc: 'silence after which a name server drops the broker',
  }),
  controllerHeartBeatTimeoutMills: long(10000, {
    min: 1,
    unit: 'ms',
    doc: 'silence after which the controller takes the broker for dead',
  }),
  syncBrokerMetadataPeriod: long(5000, { min: 1, unit: 'ms', doc: 'period of asking the controller for the role' }),
  checkSyncStateSetPeriod: long(5000, { min: 1, unit: 'ms', doc: 'period of checking the SyncStateSet' }),
  syncControllerMetadataPeriod: long(10000, { min: 1, unit: 'ms', doc: 'period of looking for the active controller' }),
  brokerElectionPriority: int(2147483647, { doc: 'the smaller wins an election between equals' }),
  syncBrokerMemberGroupPeriod: int(1000, { min: 1, unit: 'ms', doc: 'period of asking name servers for the group' }),
  enableSlaveActingMaster: flag(false, { doc: 'the smallest slave serves as read-only master of a group without one' }),
  enableRemoteEscape: flag(false, { doc: 'such a slave sends its own messages to another broker' }),
  skipPreOnline: flag(false, { doc: 'skips the preparations before it goes online' }),
  lockInStrictMode: flag(false, { doc: 'queue locks need every member of the group' }),
  cleanOfflineBrokerInterval: int(30000, { min: 1, unit: 'ms', doc: 'period of forgetting silent brokers' }),
  asyncSendEnable: flag(true, { doc: 'answers sends when they are done, without holding a thread' }),
  forwardTimeout: long(3000, { min: 1, unit: 'ms', doc: 'patience with a broker that is asked in our place' }),
};
