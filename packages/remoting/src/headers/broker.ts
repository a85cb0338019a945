import { flag, header, int32, int64, optional, orElse, text } from '../header';

/** Headers of the requests that clients and tools send to brokers (broker.md). */

/** SEND_MESSAGE_V2 (310) and SEND_BATCH_MESSAGE (320): the only header with short names (broker.md 2.1). */
export const SendMessageV2Request = header('SendMessageV2', {
  /** producerGroup */
  a: orElse(text(), ''),
  /** topic */
  b: text(),
  /** defaultTopic: template for automatic creation */
  c: orElse(text(), ''),
  /** defaultTopicQueueNums */
  d: orElse(int32(), 4),
  /** queueId; negative: the broker chooses */
  e: int32(),
  /** sysFlag */
  f: orElse(int32(), 0),
  /** bornTimestamp */
  g: orElse(int64(), 0),
  /** flag */
  h: orElse(int32(), 0),
  /** properties */
  i: optional(text()),
  /** reconsumeTimes */
  j: optional(int32()),
  /** unitMode */
  k: flag(false),
  /** maxReconsumeTimes */
  l: optional(int32()),
  /** batch */
  m: flag(false),
  /** brokerName */
  n: optional(text()),
});

/** SEND_MESSAGE (10), long names. */
export const SendMessageRequest = header('SendMessage', {
  producerGroup: orElse(text(), ''),
  topic: text(),
  defaultTopic: orElse(text(), ''),
  defaultTopicQueueNums: orElse(int32(), 4),
  queueId: int32(),
  sysFlag: orElse(int32(), 0),
  bornTimestamp: orElse(int64(), 0),
  flag: orElse(int32(), 0),
  properties: optional(text()),
  reconsumeTimes: optional(int32()),
  unitMode: flag(false),
  maxReconsumeTimes: optional(int32()),
  batch: flag(false),
});

export const SendMessageResponse = header('SendMessageResponse', {
  msgId: text(),
  queueId: int32(),
  queueOffset: int64(),
  transactionId: optional(text()),
});

export const PullMessageRequest = header('PullMessage', {
  consumerGroup: text(),
  topic: text(),
  queueId: int32(),
  queueOffset: int64(),
  maxMsgNums: int32(),
  sysFlag: orElse(int32(), 0),
  commitOffset: orElse(int64(), 0),
  suspendTimeoutMillis: orElse(int64(), 0),
  subscription: optional(text()),
  subVersion: orElse(int64(), 0),
  expressionType: optional(text()),
  maxMsgBytes: optional(int32()),
});
export const PullMessageResponse = header('PullMessageResponse', {
  suggestWhichBrokerId: int64(),
  nextBeginOffset: int64(),
  minOffset: int64(),
  maxOffset: int64(),
  topicSysFlag: optional(int32()),
  groupSysFlag: optional(int32()),
  forbiddenType: optional(int32()),
});

export const QueryConsumerOffsetRequest = header('QueryConsumerOffset', {
  consumerGroup: text(),
  topic: text(),
  queueId: int32(),
  setZeroIfNotFound: optional(flag(false)),
});
export const UpdateConsumerOffsetRequest = header('UpdateConsumerOffset', {
  consumerGroup: text(),
  topic: text(),
  queueId: int32(),
  commitOffset: int64(),
});
export const OffsetResponse = header('Offset', { offset: int64() });

export const QueueRequest = header('Queue', { topic: text(), queueId: int32() });
export const SearchOffsetRequest = header('SearchOffset', {
  topic: text(),
  queueId: int32(),
  timestamp: int64(),
  boundaryType: optional(text()),
});
export const TimestampResponse = header('Timestamp', { timestamp: int64() });

export const RecallMessageRequest = header('RecallMessage', {
  producerGroup: optional(text()),
  topic: text(),
  recallHandle: text(),
});

export const ConsumerSendMsgBackRequest = header('ConsumerSendMsgBack', {
  offset: int64(),
  group: text(),
  delayLevel: int32(),
  originMsgId: optional(text()),
  originTopic: optional(text()),
  unitMode: flag(false),
  maxReconsumeTimes: optional(int32()),
});

export const UnregisterClientRequest = header('UnregisterClient', {
  clientID: text(),
  producerGroup: optional(text()),
  consumerGroup: optional(text()),
});
export const ConsumerGroupRequest = header('ConsumerGroup', { consumerGroup: text() });
export const ProducerGroupRequest = header('ProducerGroup', { producerGroup: text() });
export const GroupRequest = header('Group', { group: text() });

export const CreateTopicRequest = header('CreateTopic', {
  topic: text(),
  defaultTopic: optional(text()),
  readQueueNums: int32(),
  writeQueueNums: int32(),
  perm: int32(),
  topicFilterType: optional(text()),
  topicSysFlag: orElse(int32(), 0),
  order: flag(false),
  attributes: optional(text()),
});
export const OptionalTopicRequest = header('OptionalTopic', { topic: text(), lo: optional(flag(false)) });

export const ViewMessageRequest = header('ViewMessage', { offset: int64(), topic: optional(text()) });
export const QueryMessageRequest = header('QueryMessage', {
  topic: text(),
  key: text(),
  maxNum: int32(),
  beginTimestamp: int64(),
  endTimestamp: int64(),
});
export const QueryMessageResponse = header('QueryMessageResponse', {
  indexLastUpdateTimestamp: int64(),
  indexLastUpdatePhyoffset: int64(),
});

export const EndTransactionRequest = header('EndTransaction', {
  producerGroup: text(),
  tranStateTableOffset: int64(),
  commitLogOffset: int64(),
  commitOrRollback: int32(),
  fromTransactionCheck: flag(false),
  msgId: optional(text()),
  transactionId: optional(text()),
  topic: optional(text()),
});

export const GetConsumeStatsRequest = header('GetConsumeStats', { consumerGroup: text(), topic: optional(text()) });
export const DeleteSubscriptionGroupRequest = header('DeleteSubscriptionGroup', {
  groupName: text(),
  cleanOffset: flag(false),
});
