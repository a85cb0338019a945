import { SCHEDULE_TOPIC, TIMER_TOPIC } from '@batonmq/broker-store';

/** Rules for names of topics and groups (broker.md 3.4, 3.5). @source TopicValidator, Validators */

export const RETRY_PREFIX = '%RETRY%';
export const DLQ_PREFIX = '%DLQ%';
export const DEFAULT_TOPIC = 'TBW102';

const NAME = /^[%|a-zA-Z0-9_-]+$/;
const SYSTEM_TOPICS = new Set([
  DEFAULT_TOPIC,
  SCHEDULE_TOPIC,
  'BenchmarkTest',
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'RMQ_SYS_TRACE_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
  'CHECKPOINT_TOPIC',
]);
// The timer topic is open in the reference: through it a message could be forged for any topic.
const NOT_FOR_CLIENTS = new Set([
  SCHEDULE_TOPIC,
  TIMER_TOPIC,
  'RMQ_SYS_TRANS_HALF_TOPIC',
  'RMQ_SYS_TRANS_OP_HALF_TOPIC',
  'TRANS_CHECK_MAX_TIME_TOPIC',
  'SELF_TEST_TOPIC',
  'OFFSET_MOVED_EVENT',
]);

/** @returns what is wrong with the name, undefined when it is good */
export function topicNameProblem(topic: string): string | undefined {
  if (topic.trim() === '') return 'the topic is blank';
  const limit = topic.startsWith(RETRY_PREFIX) || topic.startsWith(DLQ_PREFIX) ? 255 : 127;
  if (topic.length > limit) return `the topic has ${topic.length} characters, at most ${limit} are allowed`;
  return NAME.test(topic) ? undefined : `the topic "${topic}" has characters other than letters, digits, _ - % |`;
}

export function groupNameProblem(group: string): string | undefined {
  if (group.trim() === '') return 'the group is blank';
  if (group.length > 120) return `the group has ${group.length} characters, at most 120 are allowed`;
  return NAME.test(group) ? undefined : `the group "${group}" has characters other than letters, digits, _ - % |`;
}

/** Topics that clients may not create, change or delete; names of cluster and broker come on top. */
export const isSystemTopic = (topic: string): boolean => SYSTEM_TOPICS.has(topic) || topic.startsWith('rmq_sys_');

/** Topics that clients may not send to. */
export const isForbiddenToSend = (topic: string): boolean => NOT_FOR_CLIENTS.has(topic);
