import { type Checksums, type Clock, textOf } from '@batonmq/host';
import { MAX_BATCH_COUNT } from '../format/batch-unit';
import { ClientBatchReader } from '../format/client-batch';
import { RecordEncoder, hostBytes } from '../format/encode-record';
import { parseIp } from '../format/ip';
import { messageIdPrefix } from '../format/message-id';
import { PROPERTY_CRC, propertyCrcBefore } from '../format/property-crc';
import { addProperty, dropProperty, propertyValue } from '../format/property-text';
import { BLANK_BYTES, SYS_FLAG, takesQueueOffset } from '../format/record';
import type { CommitLog } from '../log/commit-log';
import type { ResolvedOptions } from '../options';
import { LIGHT_OFFSETS, type LightQueues } from '../queue/light-queues';
import { type QueueTable, type Topic, isUsableTopic } from '../queue/queue-table';
import { type BatchInput, type MessageInput, PutResult, refusal } from './messages';

const MAX_PROPERTIES_BYTES = 32_767;
const MAX_TOPIC_BYTES = 127;
const MAX_RETRY_TOPIC_BYTES = 255;
const RETRY_PREFIX = '%RETRY%';
/** A record may be this much larger than the largest body. */
const RECORD_EXTRA_BYTES = 64 << 10;
const MAX_KNOWN_HOSTS = 1024;

/** What one message of a put looks like, measured: encoded right after. */
interface Plan {
  readonly topic: Topic;
  readonly bornHost: Buffer;
  /** Of an inner batch; 1 otherwise. */
  readonly messages: number;
  /** The topic has batch queues. */
  readonly batch: boolean;
}

/**
 * Checks, numbers and encodes messages into the log's buffer. Offsets are final when it returns; the bytes reach the file
 * at the end of the turn. @source CommitLog.asyncPutMessage, asyncPutMessages
 */
export class Appender {
  /** storeTimestamp of the last record; it never decreases along the log. */
  lastTimestamp = 0;
  private stamped = false;
  private readonly encoder: RecordEncoder;
  private readonly maxMessageSize: number;
  private readonly idPrefix: string;
  private readonly knownHosts = new Map<string, Buffer>();

  constructor(
    private readonly clock: Pick<Clock, 'wallMs'>,
    private readonly checksums: Pick<Checksums, 'crc32'>,
    private readonly log: CommitLog,
    private readonly queues: QueueTable,
    private readonly lightQueues: LightQueues,
    options: Pick<ResolvedOptions, 'maxMessageSize' | 'storeHost' | 'enabledAppendPropCRC'>,
  ) {
    const { storeHost, enabledAppendPropCRC } = options;
    this.maxMessageSize = options.maxMessageSize;
    const ip = parseIp(storeHost.host) as Buffer;
    const crc = enabledAppendPropCRC ? (bytes: Buffer): number => checksums.crc32(bytes) : undefined;
    this.encoder = new RecordEncoder(hostBytes(ip, storeHost.port), crc);
    this.idPrefix = messageIdPrefix(ip, storeHost.port);
  }

  put(message: MessageInput): PutResult {
    const plan = this.plan(message);
    if (plan instanceof PutResult) return plan;
    const { encoder } = this;
    const { body } = message;
    if (body.length > this.maxMessageSize)
      return refusal('MESSAGE_ILLEGAL', `body of ${body.length} B, limit ${this.maxMessageSize} B`);
    const numbered = takesQueueOffset(message.sysFlag);
    const light = numbered ? this.lightQueues.plan(message.topic, message.properties) : undefined;
    const given = dropCrc(light === undefined ? message.properties : light.properties);
    const properties = this.numberBatch(message, plan, given);
    encoder.measure(plan.topic.bytes, plan.topic.long, plan.bornHost, body, 0, body.length, properties);
    const wrong = this.checkMeasured();
    if (wrong !== undefined) return wrong;
    const segment = this.room(encoder.size);
    if (segment instanceof PutResult) return segment;
    const { log } = this;
    const queue = numbered ? this.queueOf(plan, message.queueId) : undefined;
    const queueOffset = queue?.nextOffset ?? 0;
    const timestamp = this.stamp();
    const crc = this.checksums.crc32(body) & 0x7fff_ffff;
    const offset = log.end;
    encoder.write(
      segment.buffer,
      segment.view,
      segment.used,
      message,
      message.flag,
      plan.bornHost,
      crc,
      queueOffset,
      offset,
      timestamp,
    );
    log.advance(segment, encoder.size);
    if (queue !== undefined) queue.nextOffset += plan.messages;
    if (light !== undefined) for (const each of light.queues) each.nextOffset++;
    return new PutResult('PUT_OK', offset, log.end, queueOffset, timestamp, this.idPrefix);
  }

  /** All messages of the batch lie in one file, with consecutive queue offsets; all or none are stored. */
  putBatch(batch: BatchInput): PutResult {
    const plan = this.plan(batch);
    if (plan instanceof PutResult) return plan;
    if ((batch.sysFlag & SYS_FLAG.transactionMask) !== 0)
      return refusal('MESSAGE_ILLEGAL', 'a batch cannot be transactional');
    if (hasProperty(batch.properties, 'DELAY')) return refusal('MESSAGE_ILLEGAL', 'a batch cannot be delayed');
    if (batch.body.length > this.maxMessageSize) {
      return refusal('MESSAGE_ILLEGAL', `batch of ${batch.body.length} B, limit ${this.maxMessageSize} B`);
    }
    if (hasProperty(batch.properties, PROPERTY_CRC)) return refusal('MESSAGE_ILLEGAL', `${PROPERTY_CRC} in a batch`);
    // In the messages of a batch these cannot be replaced, and other brokers would believe them.
    if (batch.body.includes(LIGHT_OFFSETS)) return refusal('MESSAGE_ILLEGAL', `${LIGHT_OFFSETS} in a batch`);
    const total = this.measureBatch(batch, plan);
    if (total instanceof PutResult) return total;
    const segment = this.room(total);
    if (segment instanceof PutResult) return segment;
    const queue = this.queueOf(plan, batch.queueId);
    const first = queue.nextOffset;
    const timestamp = this.stamp();
    const offsets: number[] = [];
    const reader = new ClientBatchReader(batch.body);
    while (reader.next() === 'message') {
      this.measureOne(batch, plan, reader);
      const crc = this.checksums.crc32(batch.body.subarray(reader.bodyStart, reader.bodyEnd)) & 0x7fff_ffff;
      const { encoder, log } = this;
      offsets.push(log.end);
      encoder.write(
        segment.buffer,
        segment.view,
        segment.used,
        batch,
        reader.flag,
        plan.bornHost,
        crc,
        queue.nextOffset,
        log.end,
        timestamp,
      );
      log.advance(segment, encoder.size);
      queue.nextOffset++;
    }
    return new PutResult('PUT_OK', offsets[0] as number, this.log.end, first, timestamp, this.idPrefix, offsets);
  }

  /** Bytes of all records together; refuses what cannot be stored before anything is. */
  private measureBatch(batch: BatchInput, plan: Plan): number | PutResult {
    const reader = new ClientBatchReader(batch.body);
    let total = 0;
    for (;;) {
      const step = reader.next();
      if (step === 'malformed') return refusal('MESSAGE_ILLEGAL', 'the batch is malformed');
      if (step === 'end') break;
      if (propertyCrcBefore(batch.body, reader.propertiesEnd) !== undefined)
        return refusal('MESSAGE_ILLEGAL', `${PROPERTY_CRC} in a batch`);
      this.measureOne(batch, plan, reader);
      const wrong = this.checkMeasured();
      if (wrong !== undefined) return wrong;
      total += this.encoder.size;
    }
    if (total === 0) return refusal('MESSAGE_ILLEGAL', 'the batch is empty');
    if (total > this.log.fileSize - BLANK_BYTES)
      return refusal('MESSAGE_ILLEGAL', 'the batch is larger than a commit log file');
    return total;
  }

  private measureOne(batch: BatchInput, { topic, bornHost }: Plan, reader: ClientBatchReader): void {
    const { bodyStart, bodyEnd, propertiesStart, propertiesEnd } = reader;
    const { body, properties } = batch;
    this.encoder.measure(
      topic.bytes,
      topic.long,
      bornHost,
      body,
      bodyStart,
      bodyEnd,
      properties,
      body,
      propertiesStart,
      propertiesEnd,
    );
  }

  private queueOf({ topic, batch }: Plan, queueId: number): { nextOffset: number } {
    return batch ? this.queues.batch.queue(topic.name, queueId) : this.queues.queue(topic, queueId);
  }

  /** An inner batch says in its properties where it begins. */
  private numberBatch(message: MessageInput, plan: Plan, properties: string): string {
    if (!isInnerBatch(message)) return properties;
    const { nextOffset } = this.queueOf(plan, message.queueId);
    return addProperty(dropProperty(properties, INNER_BASE), INNER_BASE, String(nextOffset));
  }

  private plan(message: MessageInput): Plan | PutResult {
    const { topic: name, queueId } = message;
    if (queueId < 0) return refusal('MESSAGE_ILLEGAL', `queue id ${queueId}`);
    const topic = this.topic(name);
    if (topic === undefined)
      return refusal('MESSAGE_ILLEGAL', `topic ${JSON.stringify(name)} cannot be stored, or is too long`);
    const messages = innerCount(message);
    if (messages === undefined)
      return refusal('MESSAGE_ILLEGAL', 'INNER_NUM and the flag of an inner batch do not fit');
    const batch = this.queues.isBatch(topic, false);
    if (isInnerBatch(message) && !batch)
      return refusal('MESSAGE_ILLEGAL', `an inner batch, but the topic ${name} is not of queue.type=BatchCQ`);
    const bornHost = this.bornHost(message.bornHost.host, message.bornHost.port);
    return { topic, bornHost, messages, batch };
  }

  /** undefined: it has no usable name, or too long a one. Topics that the table has were looked at before. */
  private topic(name: string): Topic | undefined {
    const known = this.queues.topics.get(name);
    if (known !== undefined) return known.usable ? known : undefined;
    if (!isUsableTopic(name)) return undefined;
    const limit = name.startsWith(RETRY_PREFIX) ? MAX_RETRY_TOPIC_BYTES : MAX_TOPIC_BYTES;
    return Buffer.byteLength(name, 'utf8') > limit ? undefined : this.queues.topic(name);
  }

  private checkMeasured(): PutResult | undefined {
    const { encoder, log } = this;
    if (encoder.propertiesBytes > MAX_PROPERTIES_BYTES) {
      return refusal(
        'PROPERTIES_SIZE_EXCEEDED',
        `properties of ${encoder.propertiesBytes} B, limit ${MAX_PROPERTIES_BYTES} B`,
      );
    }
    const limit = Math.min(this.maxMessageSize + RECORD_EXTRA_BYTES, log.fileSize - BLANK_BYTES);
    if (encoder.size > limit) return refusal('MESSAGE_ILLEGAL', `record of ${encoder.size} B, limit ${limit} B`);
    return undefined;
  }

  private room(bytes: number): ReturnType<CommitLog['room']> | PutResult {
    try {
      return this.log.room(bytes);
    } catch (error) {
      return refusal(this.log.failed === undefined ? 'CREATE_MAPPED_FILE_FAILED' : 'UNKNOWN_ERROR', textOf(error));
    }
  }

  private stamp(): number {
    if (this.stamped) return this.lastTimestamp;
    this.stamped = true;
    return (this.lastTimestamp = Math.max(this.lastTimestamp, this.clock.wallMs()));
  }

  /** All messages of one turn have one storeTimestamp. */
  endTurn(): void {
    this.stamped = false;
  }

  private bornHost(host: string, port: number): Buffer {
    let bytes = this.knownHosts.get(host);
    if (bytes === undefined) {
      // A host that is no address (never from a socket) is stored as 0.0.0.0: the field is informative.
      bytes = hostBytes(parseIp(host) ?? Buffer.alloc(4), 0);
      if (this.knownHosts.size >= MAX_KNOWN_HOSTS) this.knownHosts.clear();
      this.knownHosts.set(host, bytes);
    }
    bytes.writeInt32BE(port | 0, bytes.length - 4);
    return bytes;
  }
}

const INNER_BASE = 'INNER_BASE';

/** Of a message that was stored once, or of somebody who makes it up: it would be believed. */
function dropCrc(properties: string): string {
  return properties.includes(PROPERTY_CRC) ? dropProperty(properties, PROPERTY_CRC) : properties;
}

function isInnerBatch(message: MessageInput): boolean {
  return (message.sysFlag & SYS_FLAG.innerBatch) !== 0;
}

/** Messages that an inner batch says it has, 1 for an ordinary message; undefined when flag and number do not fit. */
function innerCount(message: MessageInput): number | undefined {
  if (!isInnerBatch(message)) return hasProperty(message.properties, 'INNER_NUM') ? undefined : 1;
  const count = Number(propertyValue(message.properties, 'INNER_NUM'));
  return Number.isInteger(count) && count > 0 && count <= MAX_BATCH_COUNT ? count : undefined;
}

function hasProperty(properties: string, name: string): boolean {
  const at = properties.indexOf(`${name}\u0001`);
  return at === 0 || (at > 0 && (properties[at - 1] === '\u0002' || properties.includes(`\u0002${name}\u0001`)));
}
