import { flag, int, long } from '../key-spec';
import { type Defaults } from '../machine-defaults';
import { noThreads } from './no-effect';

const cores = (machine: Defaults) => machine.cores ?? 1;
const atMostFour = (machine: Defaults) => Math.min(cores(machine), 4);
const twicePlus16 = (machine: Defaults) => 16 + cores(machine) * 2;

/** Threads, waiting requests and flow control. @source BrokerConfig */
export const brokerThreadKeys = {
  sendMessageThreadPoolNums: int(atMostFour, { ...noThreads, shown: 'min(cores, 4)', doc: 'threads for sends' }),
  putMessageFutureThreadPoolNums: int(atMostFour, {
    ...noThreads,
    shown: 'min(cores, 4)',
    doc: 'threads for answers to sends',
  }),
  pullMessageThreadPoolNums: int(twicePlus16, { ...noThreads, shown: '16 + 2 cores', doc: 'threads for pulls' }),
  litePullMessageThreadPoolNums: int(twicePlus16, {
    ...noThreads,
    shown: '16 + 2 cores',
    doc: 'threads for lite pulls',
  }),
  processReplyMessageThreadPoolNums: int(twicePlus16, {
    ...noThreads,
    shown: '16 + 2 cores',
    doc: 'threads for replies',
  }),
  ackMessageThreadPoolNums: int(16, { ...noThreads, doc: 'threads for acks' }),
  queryMessageThreadPoolNums: int((machine) => 8 + cores(machine), {
    ...noThreads,
    shown: '8 + cores',
    doc: 'threads for queries',
  }),
  adminBrokerThreadPoolNums: int(16, { ...noThreads, doc: 'threads for administration' }),
  clientManageThreadPoolNums: int(32, { ...noThreads, doc: 'threads for clients' }),
  consumerManageThreadPoolNums: int(32, { ...noThreads, doc: 'threads for consumers' }),
  loadBalanceProcessorThreadPoolNums: int(32, { ...noThreads, doc: 'threads for load balancing' }),
  recoverThreadPoolNums: int(32, { ...noThreads, doc: 'threads for recovery' }),
  heartbeatThreadPoolNums: int((machine) => Math.min(32, cores(machine)), {
    ...noThreads,
    shown: 'min(32, cores)',
    doc: 'threads for heartbeats',
  }),
  endTransactionThreadPoolNums: int((machine) => Math.max(8 + cores(machine) * 2, atMostFour(machine) * 4), {
    ...noThreads,
    shown: '8 + 2 cores',
    doc: 'threads for ends of transactions',
  }),
  sendThreadPoolQueueCapacity: int(10000, { min: 1, unit: 'requests', doc: 'sends that may wait' }),
  putThreadPoolQueueCapacity: int(10000, { min: 1, unit: 'requests', doc: 'answers to sends that may wait' }),
  pullThreadPoolQueueCapacity: int(100000, { min: 1, unit: 'requests', doc: 'pulls that may wait' }),
  litePullThreadPoolQueueCapacity: int(100000, { min: 1, unit: 'requests', doc: 'lite pulls that may wait' }),
  ackThreadPoolQueueCapacity: int(100000, { min: 1, unit: 'requests', doc: 'acks that may wait' }),
  endTransactionPoolQueueCapacity: int(100000, { min: 1, unit: 'requests', doc: 'ends of transactions that may wait' }),
  loadBalanceThreadPoolQueueCapacity: int(100000, {
    min: 1,
    unit: 'requests',
    doc: 'load balancing requests that may wait',
  }),
  replyThreadPoolQueueCapacity: int(10000, { min: 1, unit: 'requests', doc: 'replies that may wait' }),
  queryThreadPoolQueueCapacity: int(20000, { min: 1, unit: 'requests', doc: 'queries that may wait' }),
  clientManagerThreadPoolQueueCapacity: int(1000000, {
    min: 1,
    unit: 'requests',
    doc: 'client requests that may wait',
  }),
  consumerManagerThreadPoolQueueCapacity: int(1000000, {
    min: 1,
    unit: 'requests',
    doc: 'consumer requests that may wait',
  }),
  heartbeatThreadPoolQueueCapacity: int(50000, { min: 1, unit: 'requests', doc: 'heartbeats that may wait' }),
  adminBrokerThreadPoolQueueCapacity: int(10000, {
    min: 1,
    unit: 'requests',
    doc: 'administration requests that may wait',
  }),
  brokerFastFailureEnable: flag(true, { doc: 'refuses requests that waited too long' }),
  waitTimeMillsInSendQueue: long(200, { min: 0, unit: 'ms', doc: 'longest wait of a send' }),
  waitTimeMillsInPullQueue: long(5000, { min: 0, unit: 'ms', doc: 'longest wait of a pull' }),
  waitTimeMillsInLitePullQueue: long(5000, { min: 0, unit: 'ms', doc: 'longest wait of a lite pull' }),
  waitTimeMillsInHeartbeatQueue: long(31000, { min: 0, unit: 'ms', doc: 'longest wait of a heartbeat' }),
  waitTimeMillsInTransactionQueue: long(3000, { min: 0, unit: 'ms', doc: 'longest wait of an end of a transaction' }),
  waitTimeMillsInAckQueue: long(3000, { min: 0, unit: 'ms', doc: 'longest wait of an ack' }),
  waitTimeMillsInAdminBrokerQueue: long(5000, { min: 0, unit: 'ms', doc: 'longest wait of an administration request' }),
  startAcceptSendRequestTimeStamp: long(0, {
    min: 0,
    unit: 'ms since 1970',
    doc: 'sends before this moment are refused',
  }),
  transferMsgByHeap: flag(true, {
    accepted: 'no effect',
    reason: 'answers are slices of the commit log either way',
    doc: 'copies messages into the answer',
  }),
  highSpeedMode: flag(false, { accepted: 'no effect', reason: 'RocketMQ does not use it either', doc: 'nothing' }),
  enableNetWorkFlowControl: flag(false, {
    accepted: 'no effect',
    reason: 'RocketMQ does not use it either',
    doc: 'nothing',
  }),
};
