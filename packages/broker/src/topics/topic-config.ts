/** Permissions of a topic, and of the broker as a whole (PermName). */
export const PERM_INHERIT = 1;
export const PERM_WRITE = 2;
export const PERM_READ = 4;

/** As it is stored, registered and sent to tools: the names are the wire's (broker.md 3.1). */
export interface TopicConfig {
  readonly topicName: string;
  readonly readQueueNums: number;
  readonly writeQueueNums: number;
  readonly perm: number;
  readonly topicFilterType: string;
  readonly topicSysFlag: number;
  readonly order: boolean;
  readonly attributes: Readonly<Record<string, string>>;
}

/** Batches are stored whole, in batch queues; decided when the topic is made. */
export const hasBatchQueues = (topic: TopicConfig | undefined): boolean =>
  topic?.attributes['queue.type'] === 'BatchCQ';

export function topicConfig(topicName: string, queues: number, perm: number): TopicConfig {
  return {
    topicName,
    readQueueNums: queues,
    writeQueueNums: queues,
    perm,
    topicFilterType: 'SINGLE_TAG',
    topicSysFlag: 0,
    order: false,
    attributes: {},
  };
}

/** Reads a table entry of a file or a peer; what is missing gets RocketMQ's default. */
export function toTopicConfig(topicName: string, value: unknown): TopicConfig {
  const fields = (value ?? {}) as Partial<TopicConfig>;
  const number = (item: unknown, absent: number): number => (typeof item === 'number' ? item : absent);
  return {
    topicName,
    readQueueNums: number(fields.readQueueNums, 16),
    writeQueueNums: number(fields.writeQueueNums, 16),
    perm: number(fields.perm, PERM_READ | PERM_WRITE),
    topicFilterType: typeof fields.topicFilterType === 'string' ? fields.topicFilterType : 'SINGLE_TAG',
    topicSysFlag: number(fields.topicSysFlag, 0),
    order: fields.order === true,
    attributes: fields.attributes ?? {},
  };
}

export function sameTopic(a: TopicConfig, b: TopicConfig): boolean {
  return (
    a.readQueueNums === b.readQueueNums &&
    a.writeQueueNums === b.writeQueueNums &&
    a.perm === b.perm &&
    a.topicFilterType === b.topicFilterType &&
    a.topicSysFlag === b.topicSysFlag &&
    a.order === b.order &&
    JSON.stringify(a.attributes) === JSON.stringify(b.attributes)
  );
}
