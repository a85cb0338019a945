import { flag, int, long, optionalText } from '../key-spec';
import { metricsKeys } from './metrics-keys';
import { noOpBatches } from './no-effect';

/** Transactions, replies, recalls. @source BrokerConfig */
export const brokerTransactionKeys = {
  rejectTransactionMessage: flag(false, { doc: 'refuses transactional messages' }),
  transactionTimeOut: long(6000, { min: 1, unit: 'ms', doc: 'age at which an open transaction is first checked' }),
  transactionCheckMax: int(15, { min: 0, doc: 'checks before it is given up' }),
  transactionCheckInterval: long(30000, { min: 1, unit: 'ms', doc: 'period of checks' }),
  transactionMetricFlushInterval: long(10000, { min: 1, unit: 'ms', doc: 'period of saving the metrics' }),
  transactionOpMsgMaxSize: int(4096, {
    ...noOpBatches,
    min: 1,
    unit: 'B',
    doc: 'size of a message that ends transactions',
  }),
  transactionOpBatchInterval: int(3000, {
    ...noOpBatches,
    min: 0,
    unit: 'ms',
    doc: 'how long ends are collected for it',
  }),
  storeReplyMessageEnable: flag(true, { doc: 'stores replies too' }),
  recallMessageEnable: flag(false, { doc: 'delayed messages can be taken back' }),
  allowRecallWhenBrokerNotWriteable: flag(true, { doc: 'even when the broker refuses messages' }),
};

/** @source AuthConfig (its configName and clusterName are set by the program, not by files) */
export const authKeys = {
  authConfigPath: optionalText({ doc: 'directory of users and ACLs' }),
  authenticationEnabled: flag(false, { doc: 'requests must be signed by a known user' }),
  authenticationProvider: optionalText({ doc: 'class that authenticates' }),
  authenticationMetadataProvider: optionalText({ doc: 'class that keeps users' }),
  authenticationStrategy: optionalText({ doc: 'class that decides how often' }),
  authenticationWhitelist: optionalText({ doc: 'request codes that need no signature' }),
  initAuthenticationUser: optionalText({ secret: true, doc: 'JSON username, password: made as Super at the start' }),
  innerClientAuthenticationCredentials: optionalText({
    secret: true,
    doc: 'JSON accessKey, secretKey: signs requests to other nodes',
  }),
  authorizationEnabled: flag(false, { doc: 'users need a policy for what they do' }),
  authorizationProvider: optionalText({ doc: 'class that authorises' }),
  authorizationMetadataProvider: optionalText({ doc: 'class that keeps ACLs' }),
  authorizationStrategy: optionalText({ doc: 'class that decides how often' }),
  authorizationWhitelist: optionalText({ doc: 'request codes that need no policy' }),
  migrateAuthFromV1Enabled: flag(false, { doc: 'reads plain_acl.yml once' }),
  userCacheMaxNum: int(1000, { min: 1, unit: 'users', doc: 'cached users' }),
  userCacheExpiredSecond: int(600, { min: 1, unit: 's', doc: 'how long' }),
  userCacheRefreshSecond: int(60, { min: 1, unit: 's', doc: 'period of refreshing them' }),
  aclCacheMaxNum: int(1000, { min: 1, unit: 'ACLs', doc: 'cached ACLs' }),
  aclCacheExpiredSecond: int(600, { min: 1, unit: 's', doc: 'how long' }),
  aclCacheRefreshSecond: int(60, { min: 1, unit: 's', doc: 'period of refreshing them' }),
  statefulAuthenticationCacheMaxNum: int(10000, { min: 1, unit: 'connections', doc: 'cached authentications' }),
  statefulAuthenticationCacheExpiredSecond: int(60, { min: 1, unit: 's', doc: 'how long' }),
  statefulAuthorizationCacheMaxNum: int(10000, { min: 1, unit: 'connections', doc: 'cached authorisations' }),
  statefulAuthorizationCacheExpiredSecond: int(60, { min: 1, unit: 's', doc: 'how long' }),
  aclEnable: flag(false, {
    accepted: 'no effect',
    reason: 'ACL 1.0 is gone; see authenticationEnabled',
    doc: 'ACL 1.0',
  }),
};

/** Metrics and statistics. @source BrokerConfig */
export const brokerMetricsKeys = {
  ...metricsKeys,
  metricsOtelCardinalityLimit: int(50000, { min: 1, unit: 'series', doc: 'series of one metric' }),
  enableRemotingMetrics: flag(true, { doc: 'metrics of the protocol' }),
  enableMessageStoreMetrics: flag(true, { doc: 'metrics of the store' }),
  enablePopMetrics: flag(true, { doc: 'metrics of pop' }),
  enableConnectionMetrics: flag(true, { doc: 'metrics of connections' }),
  enableTransactionMetrics: flag(true, { doc: 'metrics of transactions' }),
  enableStatsMetrics: flag(true, { doc: 'metrics of rates' }),
  enableRequestMetrics: flag(true, { doc: 'metrics of requests' }),
  enableLagAndDlqMetrics: flag(true, { doc: 'metrics of backlogs and dead letters' }),
  accountStatsEnable: flag(true, { doc: 'statistics by account' }),
  accountStatsPrintZeroValues: flag(true, { doc: 'logs those that are zero' }),
  enableDetailStat: flag(true, { doc: 'statistics by queue' }),
  enableLmqStats: flag(false, { doc: 'statistics of light queues' }),
  autoDeleteUnusedStats: flag(true, { doc: 'drops statistics of deleted topics and groups' }),
  maxStatsIdleTimeInMinutes: int(-1, {
    unit: 'min',
    doc: 'drops statistics that did not change for so long; -1: never',
  }),
  commercialBaseCount: int(1, { doc: 'unit of the account statistics' }),
  commercialSizePerMsg: int(4096, { min: 1, unit: 'B', doc: 'size of a unit in the account statistics' }),
  isolateLogEnable: flag(false, {
    accepted: 'no effect',
    reason: 'each broker is a process with its own log',
    doc: 'one log per broker of a container',
  }),
};
