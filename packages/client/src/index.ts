export { Admin, type ClusterInfo, type Replica, type ReplicaGroup } from './admin';
export { Consumer, type ConsumerOptions, type MessageHandler } from './consumer';
export { ClientError, type ClientErrorCode } from './errors';
export { Producer, type Message, type ProducerOptions, type SendReceipt } from './producer';
