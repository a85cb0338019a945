import { TIMER_TOPIC, type MessageInput } from '@batonmq/broker-store';
import { ResponseCode } from '@batonmq/remoting';
import { appendProperties, pair, propertyOf, withoutProperty } from '../message-properties';
import { numberOf } from './timer-copy';

export interface TimerRules {
  readonly timerWheelEnable: boolean;
  readonly timerPrecisionMs: number;
  readonly timerMaxDelaySec: number;
}

export interface TimerRefusal {
  readonly code: number;
  readonly remark: string;
}

/** Delay or time the producer asks for, in the order in which they count. */
const REQUESTS = ['TIMER_DELAY_SEC', 'TIMER_DELAY_MS', 'TIMER_DELIVER_MS'] as const;

/** Whether the message asks for delivery at a free time. */
export function wantsTimer(properties: string): boolean {
  return properties.includes('TIMER_DEL') && REQUESTS.some((name) => propertyOf(properties, name) !== undefined);
}

/** The message without such wishes: a delay level counts more. */
export function withoutTimerRequests(message: MessageInput): MessageInput {
  if (!wantsTimer(message.properties)) return message;
  return { ...message, properties: REQUESTS.reduce(withoutProperty, message.properties) };
}

/**
 * A message for a free time is stored in the timer topic until then (broker.md 12.1, 12.3).
 * @param isCrowded whether the slot of that time takes no more
 * @returns the message as it is to be stored, or why not @source HookUtils.transformTimerMessage
 */
export function redirectTimed(
  message: MessageInput,
  rules: TimerRules,
  nowMs: number,
  isCrowded: (slotMs: number) => boolean,
): MessageInput | TimerRefusal {
  const { properties } = message;
  if (message.topic === TIMER_TOPIC || propertyOf(properties, 'TIMER_OUT_MS') !== undefined) return message;
  if (!wantsTimer(properties)) return message;
  if (!rules.timerWheelEnable) {
    return { code: ResponseCode.SYSTEM_ERROR, remark: 'timer message is not enabled, timerWheelEnable is false' };
  }
  const dueMs = dueTime(properties, nowMs);
  if (dueMs === undefined) return illegal('its timer property is no whole number');
  if (dueMs <= nowMs) {
    return propertyOf(properties, 'TIMER_DEL_UNIQKEY') === undefined
      ? message
      : illegal('the time of the message to delete has passed');
  }
  if (dueMs - nowMs > rules.timerMaxDelaySec * 1000)
    return illegal(`it is for more than ${rules.timerMaxDelaySec} s ahead`);
  const { timerPrecisionMs: precision } = rules;
  const slotMs = dueMs % precision === 0 ? dueMs - precision : dueMs - (dueMs % precision);
  if (isCrowded(slotMs)) {
    return {
      code: ResponseCode.SYSTEM_ERROR,
      remark: 'timer message is under flow control, max num limit is reached or the current value is greater',
    };
  }
  const own = withoutProperty(withoutProperty(properties, 'REAL_TOPIC'), 'REAL_QID');
  const pairs =
    pair('TIMER_OUT_MS', String(slotMs)) +
    pair('REAL_TOPIC', message.topic) +
    pair('REAL_QID', String(message.queueId));
  return { ...message, topic: TIMER_TOPIC, queueId: 0, properties: appendProperties(own, pairs) };
}

function dueTime(properties: string, nowMs: number): number | undefined {
  const name = REQUESTS.find((one) => propertyOf(properties, one) !== undefined) as (typeof REQUESTS)[number];
  const value = numberOf(properties, name);
  if (value === undefined) return undefined;
  if (name === 'TIMER_DELIVER_MS') return value;
  return nowMs + (name === 'TIMER_DELAY_SEC' ? value * 1000 : value);
}

function illegal(what: string): TimerRefusal {
  return { code: ResponseCode.MESSAGE_ILLEGAL, remark: `timer message illegal: ${what}` };
}
