import { flag, int, long, text } from '../key-spec';
import { noThreads, unusedInRocketMq } from './no-effect';

/** Delay levels and the timer wheel; part of the store's keys. @source MessageStoreConfig */
export const timerKeys = {
  messageDelayLevel: text('1s 5s 10s 30s 1m 2m 3m 4m 5m 6m 7m 8m 9m 10m 20m 30m 1h 2h', {
    doc: 'delays of the levels from 1 on',
  }),
  flushDelayOffsetInterval: long(10000, { min: 1, unit: 'ms', doc: 'period of saving the offsets of delay queues' }),
  enableScheduleMessageStats: flag(true, { doc: 'counts delayed messages' }),
  enableScheduleAsyncDeliver: flag(false, { doc: 'delivers delayed messages without waiting for each' }),
  scheduleAsyncDeliverMaxPendingLimit: int(2000, { min: 1, unit: 'messages', doc: 'deliveries under way at once' }),
  scheduleAsyncDeliverMaxResendNum2Blocked: int(3, { min: 0, doc: 'failures after which a delay queue waits' }),
  timerWheelEnable: flag(true, { doc: 'messages for any time; pop needs it' }),
  timerPrecisionMs: int(1000, { min: 1, unit: 'ms', doc: 'width of a slot' }),
  timerRollWindowSlot: int(172800, {
    min: 2,
    unit: 'slots',
    doc: 'how far ahead the wheel reaches before a message is rolled',
  }),
  timerMaxDelaySec: int(259200, { min: 0, unit: 's', doc: 'longest delay' }),
  timerFlushIntervalMs: int(1000, { min: 1, unit: 'ms', doc: 'period of timer syncs' }),
  timerProgressLogIntervalMs: int(10000, { min: 1, unit: 'ms', doc: 'period of progress lines in the log' }),
  timerGetMessageThreadNum: int(3, { ...noThreads, doc: 'threads that read due messages' }),
  timerPutMessageThreadNum: int(3, { ...noThreads, doc: 'threads that put due messages' }),
  timerEnableDisruptor: flag(false, { ...noThreads, doc: 'kind of queue between threads' }),
  timerStopEnqueue: flag(false, { doc: 'takes no more messages into the wheel' }),
  timerStopDequeue: flag(false, { doc: 'delivers no more messages from the wheel' }),
  timerSkipUnknownError: flag(false, { doc: 'goes on after a message that cannot be delivered' }),
  timerEnableRetryUntilSuccess: flag(false, { doc: 'tries for ever to deliver' }),
  timerCongestNumEachSlot: int(2147483647, { min: 1, unit: 'messages', doc: 'more in one slot are spread or refused' }),
  timerEnableCheckMetrics: flag(true, { doc: 'recounts the timer metrics once a day' }),
  timerCheckMetricsWhen: text('05', { unit: 'hour of the day', doc: 'when it does' }),
  timerMetricSmallThreshold: int(1000000, { min: 0, unit: 'messages', doc: 'topics with fewer are recounted' }),
  timerInterceptDelayLevel: flag(false, { ...unusedInRocketMq, doc: 'delay levels through the wheel' }),
  timerWarmEnable: flag(false, { ...unusedInRocketMq, doc: 'touches the wheel ahead' }),
  mappedFileSizeTimerLog: int(100 * 1024 ** 2, { min: 1, unit: 'B', doc: 'size of a timer log file' }),
  disappearTimeAfterStart: int(-1, { unit: 'ms', doc: 'how long a started broker stays invisible; -1: not at all' }),
};
