import { SCHEDULE_TOPIC } from '../format/delay-levels';
import { addProperty, dropProperty, propertyValue } from '../format/property-text';
import type { ConsumeQueue } from './consume-queue';
import type { QueueTable } from './queue-table';
import { isUsableTopic } from './queue-table';

/** Topics of light queues; each has one queue, 0. @source MixAll.LMQ_PREFIX */
export const LIGHT_PREFIX = '%LMQ%';
/** Names of the light queues a message goes to as well, and its offsets there; comma separated. */
export const LIGHT_NAMES = 'INNER_MULTI_DISPATCH';
export const LIGHT_OFFSETS = 'INNER_MULTI_QUEUE_OFFSET';
const MAX_NAME_BYTES = 255;

export const isLightTopic = (name: string): boolean => name.startsWith(LIGHT_PREFIX);

/** A message as it goes into the log, and the light queues that get a unit of it. */
export interface LightPlan {
  readonly properties: string;
  readonly queues: readonly ConsumeQueue[];
}

/**
 * Light queues (LMQ): a message of an ordinary topic has units in further queues that it names. @source LmqDispatch,
 * MultiDispatchUtils
 */
export class LightQueues {
  /** @param enableLmq numbers are given. @param enableMultiDispatch units are written */
  constructor(
    private readonly table: QueueTable,
    readonly enableLmq: boolean,
    private readonly enableMultiDispatch: boolean,
  ) {}

  /**
   * Offsets are ours to give: those that a producer sends are dropped, since brokers of RocketMQ stop at nonsense there
   * (`poison-dispatch`). So are names that are no light queues, and second mentions.
   * @returns undefined when the message is an ordinary one, to be stored as it is
   */
  plan(topic: string, properties: string): LightPlan | undefined {
    if (!properties.includes('INNER_MULTI_')) return undefined;
    const text = dropProperty(properties, LIGHT_OFFSETS);
    const names = this.takesPart(topic) ? this.namesIn(propertyValue(text, LIGHT_NAMES)) : [];
    if (names.length === 0) return { properties: text, queues: [] };
    const queues = names.map((name) => this.table.queue(this.table.topic(name), 0));
    const others = dropProperty(dropProperty(text, LIGHT_NAMES), 'WAIT');
    const named = addProperty(others, LIGHT_NAMES, names.join(','));
    const offsets = queues.map((queue) => String(queue.nextOffset)).join(',');
    return { properties: addProperty(named, LIGHT_OFFSETS, offsets), queues };
  }

  private takesPart(topic: string): boolean {
    return this.enableLmq && !topic.startsWith('%RETRY%') && !topic.startsWith('rmq_sys_') && topic !== SCHEDULE_TOPIC;
  }

  private namesIn(text: string | undefined): string[] {
    return text === undefined ? [] : [...new Set(text.split(','))].filter(isLightName);
  }

  /**
   * Calls back for each light queue of a stored record, and its offset there. A list that makes no sense is ignored.
   * @param names and offsets as the record has them
   */
  eachUnit(
    names: string | undefined,
    offsets: string | undefined,
    unit: (queue: ConsumeQueue, offset: number) => void,
  ): void {
    if (!this.enableLmq || !this.enableMultiDispatch || names === undefined || offsets === undefined) return;
    const [nameList, offsetList] = [names.split(','), offsets.split(',')];
    if (nameList.length !== offsetList.length) return;
    for (const [i, name] of nameList.entries()) {
      const offset = offsetList[i] as string;
      if (isLightName(name) && /^\d{1,15}$/.test(offset))
        unit(this.table.queue(this.table.topic(name), 0), Number(offset));
    }
  }
}

function isLightName(name: string): boolean {
  return (
    isLightTopic(name) &&
    name.length > LIGHT_PREFIX.length &&
    isUsableTopic(name) &&
    Buffer.byteLength(name) <= MAX_NAME_BYTES
  );
}
