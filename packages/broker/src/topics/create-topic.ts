import { PERM_INHERIT, PERM_READ, PERM_WRITE, topicConfig, type TopicConfig } from './topic-config';
import { DEFAULT_TOPIC, RETRY_PREFIX } from './topic-names';
import type { TopicTable } from './topic-table';

export interface WantedTopic {
  readonly topic: string;
  /** The template, normally TBW102. */
  readonly defaultTopic: string;
  readonly defaultTopicQueueNums: number;
}

/**
 * Finds a topic for a send, or makes it from the template the producer names.
 * @returns undefined when it neither exists nor may be created
 * @source TopicConfigManager.createTopicInSendMessageMethod
 */
export function topicForSend(table: TopicTable, wanted: WantedTopic, autoCreate: boolean): TopicConfig | undefined {
  const known = table.get(wanted.topic);
  if (known !== undefined) return known;
  const template = table.get(wanted.defaultTopic);
  const inheritable =
    template !== undefined &&
    (template.perm & PERM_INHERIT) !== 0 &&
    (wanted.defaultTopic !== DEFAULT_TOPIC || autoCreate);
  if (inheritable) {
    const queues = Math.max(0, Math.min(wanted.defaultTopicQueueNums, template.writeQueueNums));
    const made = {
      ...topicConfig(wanted.topic, queues, template.perm & ~PERM_INHERIT),
      topicFilterType: template.topicFilterType,
    };
    table.put(made);
    return made;
  }
  return wanted.topic.startsWith(RETRY_PREFIX) ? ensureTopic(table, wanted.topic, 1) : undefined;
}

/** A topic the broker itself needs (retries, dead letters); made with `queues` queues when it is missing. */
export function ensureTopic(table: TopicTable, topic: string, queues: number): TopicConfig {
  const known = table.get(topic);
  if (known !== undefined) return known;
  const made = topicConfig(topic, queues, PERM_READ | PERM_WRITE);
  table.put(made);
  return made;
}
