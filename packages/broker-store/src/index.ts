export { MessageStore } from './message-store';
export type { StoreStatus } from './store/status';
export type { DamagedRange, DamageListener } from './store/crc-walk';
export type { RecordSource } from './store/range-repair';
export { ReplicaLog } from './replica-log';
export { StoreError, type StoreErrorCode } from './errors';
export { resolveOptions, type ResolvedOptions, type StoreOptions } from './options';
export { PutResult, type BatchInput, type MessageInput, type PutStatus } from './put/messages';
export type { GetResult, GetStatus, MessageFilter } from './read/get-result';
export type { KeyQueryResult } from './read/query-by-key';
export type { ArrivalListener } from './dispatch/dispatcher';

export { inspectStore } from './inspect/inspect-store';
export { reportText } from './inspect/report-text';
export type { IndexReport, QueueReport, SegmentReport, StoreProblem, StoreReport } from './inspect/report';

export { decodeMessage, type StoredMessage } from './format/decode-message';
export { readdressed } from './format/readdress';
export { decodeProperties, encodeProperties } from './format/properties';
export { indexHash, javaHash } from './format/java-hash';
export { messageIdPrefix, offsetMessageId, parseOffsetMessageId } from './format/message-id';
export { formatIp, parseIp } from './format/ip';
export { deliveryTime, parseDelayLevels, SCHEDULE_TOPIC } from './format/delay-levels';
export { SYS_FLAG } from './format/record';
export { LIGHT_NAMES, LIGHT_OFFSETS, LIGHT_PREFIX, isLightTopic } from './queue/light-queues';

export { TIMER_TOPIC, TimerStore, type TimedRecord, type TimerStoreOptions } from './timer/timer-store';
export { type TimerCheck, type TimerProgress, decodeCheck, encodeCheck } from './timer/timer-check';
export { SlotReader, type TimerEntry } from './timer/slot-reader';
export { WHEEL_SLOTS, slotTime, wheelShape, type WheelShape } from './timer/timer-place';
