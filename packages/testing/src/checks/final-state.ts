import type { Broker } from '@batonmq/broker';
import { readJson } from '@batonmq/remoting';
import { decodeMessage } from '@batonmq/broker-store';
import type { SimulatedNode } from '../cluster/simulated-node';
import { numberOf } from '../history';

/** A message as it stands in a queue in the end. */
export interface FinalMessage {
  readonly number: number;
  readonly physicalOffset: number;
}

/** A mastership and where its part of the log begins. */
export interface FinalEpoch {
  readonly epoch: number;
  readonly startOffset: number;
}

/** What one replica has of the topic: its queues read from their smallest to their largest offset. */
export interface ReplicaState {
  readonly node: SimulatedNode<Broker>;
  readonly minOffset: number;
  readonly maxOffset: number;
  readonly confirmOffset: number;
  readonly epochs: readonly FinalEpoch[];
  /** By queue id, then by queue offset. */
  readonly queues: ReadonlyMap<number, ReadonlyMap<number, FinalMessage>>;
  /** Numbers of all messages in the log, in queues or not yet. */
  readonly logged: ReadonlySet<number>;
}

export interface FinalState {
  readonly master: ReplicaState;
  readonly slaves: readonly ReplicaState[];
}

export function readReplica(node: SimulatedNode<Broker>, topic: string): ReplicaState {
  const broker = node.service as Broker;
  const { store } = broker;
  const queues = new Map<number, Map<number, FinalMessage>>();
  for (const { topic: name, queueId } of store.queues) {
    if (name === topic) queues.set(queueId, readQueue(broker, topic, queueId));
  }
  const body = readJson(broker.replication?.epochCache() as Buffer) as { epochList: FinalEpoch[] };
  return {
    node,
    minOffset: store.log.minOffset(),
    maxOffset: store.log.maxOffset(),
    confirmOffset: store.log.confirmOffset(),
    epochs: body.epochList.map(({ epoch, startOffset }) => ({
      epoch: Number(epoch),
      startOffset: Number(startOffset),
    })),
    queues,
    logged: readLog(broker, topic),
  };
}

const MAGIC_BLANK = -875286124;

function readLog({ store }: Broker, topic: string): Set<number> {
  const { log } = store;
  const numbers = new Set<number>();
  for (let at = Math.max(0, log.minOffset()); at < log.maxOffset();) {
    const size = log.read(at, 8);
    if (size === undefined || size.length < 8) break;
    if (size.readInt32BE(4) === MAGIC_BLANK) {
      at += log.fileSize - (at % log.fileSize);
      continue;
    }
    const record = store.messageAt(at);
    if (record === undefined) break;
    const message = decodeMessage(record);
    if (message.topic === topic) numbers.add(numberOf(message.body));
    at += message.totalSize;
  }
  return numbers;
}

function readQueue({ store }: Broker, topic: string, queueId: number): Map<number, FinalMessage> {
  const messages = new Map<number, FinalMessage>();
  const max = store.maxOffsetInQueue(topic, queueId);
  for (let offset = store.minOffsetInQueue(topic, queueId); offset < max;) {
    const result = store.getMessages(topic, queueId, offset, 1024, 1 << 24);
    for (const slice of result.messages) {
      for (let at = 0; at < slice.length;) {
        const message = decodeMessage(slice, at);
        messages.set(message.queueOffset, { number: numberOf(message.body), physicalOffset: message.physicalOffset });
        at += message.totalSize;
      }
    }
    // A hole is not skipped silently: whoever looks for what was there will not find it.
    offset = result.nextBeginOffset > offset ? result.nextBeginOffset : offset + 1;
  }
  return messages;
}
