import { SCHEDULE_TOPIC, TIMER_TOPIC } from '@batonmq/broker-store';
import { DEFAULT_TOPIC } from './topic-names';
import { PERM_INHERIT, PERM_READ, PERM_WRITE, topicConfig, type TopicConfig } from './topic-config';

export interface BuiltInTopicOptions {
  readonly brokerClusterName: string;
  readonly brokerName: string;
  readonly autoCreateTopicEnable: boolean;
  readonly defaultTopicQueueNums: number;
  readonly clusterTopicEnable: boolean;
  readonly brokerTopicEnable: boolean;
  readonly delayLevels: number;
  readonly timerWheelEnable: boolean;
}

/** Topics that exist from the start (broker.md 3.2). Those of parts that this broker does not have are left out. */
export function builtInTopics(options: BuiltInTopicOptions): TopicConfig[] {
  const readWrite = PERM_READ | PERM_WRITE;
  const open = (enabled: boolean): number => (enabled ? readWrite | PERM_INHERIT : PERM_INHERIT);
  const topics = [
    topicConfig('SELF_TEST_TOPIC', 1, readWrite),
    topicConfig('BenchmarkTest', 1024, readWrite),
    topicConfig(options.brokerClusterName, 16, open(options.clusterTopicEnable)),
    topicConfig(options.brokerName, 1, open(options.brokerTopicEnable)),
    topicConfig('OFFSET_MOVED_EVENT', 1, readWrite),
    topicConfig(SCHEDULE_TOPIC, options.delayLevels, readWrite),
  ];
  if (options.timerWheelEnable) topics.push(topicConfig(TIMER_TOPIC, 1, readWrite));
  if (options.autoCreateTopicEnable) {
    topics.push(topicConfig(DEFAULT_TOPIC, options.defaultTopicQueueNums, readWrite | PERM_INHERIT));
  }
  return topics;
}
