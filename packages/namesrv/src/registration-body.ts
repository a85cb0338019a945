import type { Compression } from '@batonmq/host';
import { readJson } from '@batonmq/remoting';
import { readDataVersion } from './data-version';
import { NamesrvError } from './errors';
import type { TopicMapping, TopicRegistration, TopicTableRegistration } from './registration';

/** Largest inflated registration; about 600,000 topics. */
const MAX_INFLATED_BYTES = 64 * 1024 * 1024;

/** V5_0_0: from here on compressed bodies end with the queue mappings. */
const FIRST_VERSION_WITH_MAPPINGS = 413;

/** First byte of every zlib stream with the usual window; never the first byte of JSON. */
const ZLIB_FIRST_BYTE = 0x78;

export interface BodyForm {
  /** As the header says; 5.x brokers compress without saying so, which is told by the first byte. */
  readonly compressed: boolean;
  /** The sender's version. */
  readonly version: number;
  readonly wallMs: number;
}

/**
 * Reads the body of 103 in all its forms: RegisterBrokerBody, the bare topic table of brokers before 3.0.11, the zlib
 * stream of compressedRegister, or nothing.
 * @throws NamesrvError REGISTRATION_MALFORMED; RemotingError BODY_MALFORMED; HostError COMPRESSION
 * @source RegisterBrokerBody, namesrv.md 3
 */
export function readRegistrationBody(
  body: Buffer | undefined,
  form: BodyForm,
  compression: Compression,
): TopicTableRegistration {
  if (body === undefined || body.length === 0) {
    const version = { counter: 0, stateVersion: 0, timestamp: 0 };
    return { version, topics: [], mappings: [], filterServers: undefined };
  }
  if (form.compressed || body[0] === ZLIB_FIRST_BYTE) {
    return readCompressed(compression.inflate(body, MAX_INFLATED_BYTES), form);
  }
  return readPlain(readJson(body), form.wallMs);
}

function readPlain(json: unknown, wallMs: number): TopicTableRegistration {
  const outer = recordOf(json, 'the body');
  const isBareTable = outer['topicConfigTable'] !== undefined && outer['topicConfigSerializeWrapper'] === undefined;
  const wrapper = isBareTable ? outer : (optionalRecord(outer['topicConfigSerializeWrapper']) ?? {});
  const topics: TopicRegistration[] = [];
  for (const [topic, value] of Object.entries(optionalRecord(wrapper['topicConfigTable']) ?? {})) {
    if (value !== null) topics.push(readTopic(topic, recordOf(value, `topic ${topic}`)));
  }
  const mappings: TopicMapping[] = [];
  for (const [topic, info] of Object.entries(optionalRecord(wrapper['topicQueueMappingInfoMap']) ?? {})) {
    if (info !== null) mappings.push(readMapping(topic, info));
  }
  return {
    version: readDataVersion(wrapper['dataVersion'], wallMs),
    topics,
    mappings,
    filterServers: readTexts(outer['filterServerList']),
  };
}

/** Absent members have the defaults of TopicConfig. */
export function readTopic(topic: string, fields: Record<string, unknown>): TopicRegistration {
  return {
    topic,
    readQueueNums: numberOf(fields['readQueueNums'], 16),
    writeQueueNums: numberOf(fields['writeQueueNums'], 16),
    perm: numberOf(fields['perm'], 6),
    topicSysFlag: numberOf(fields['topicSysFlag'], 0),
  };
}

function readMapping(topic: string, info: unknown): TopicMapping {
  const { bname } = recordOf(info, `mapping of ${topic}`);
  if (typeof bname !== 'string') throw malformed(`mapping of ${topic} names no broker`);
  return { topic, brokerName: bname, info };
}

/**
 *     | n i32 | DataVersion JSON n | topics i32 | { n i32 | name read write perm filter attributes }* |
 *     | n i32 | filter servers JSON n | mappings i32 | { n i32 | TopicQueueMappingInfo JSON n }* |       big-endian
 */
function readCompressed(bytes: Buffer, form: BodyForm): TopicTableRegistration {
  const reader = new PieceReader(bytes);
  const version = readDataVersion(readJson(reader.piece()), form.wallMs);
  const topics: TopicRegistration[] = [];
  for (let left = reader.count(); left > 0; left -= 1) topics.push(readWords(reader.piece().toString('utf8')));
  const filterServers = readTexts(readJson(reader.piece()));
  const mappings: TopicMapping[] = [];
  if (form.version >= FIRST_VERSION_WITH_MAPPINGS && !reader.atEnd) {
    for (let left = reader.count(); left > 0; left -= 1) {
      const info = readJson(reader.piece());
      const { topic } = recordOf(info, 'a mapping');
      if (typeof topic === 'string') mappings.push(readMapping(topic, info));
    }
  }
  return { version, topics, mappings, filterServers };
}

/** `name readQueueNums writeQueueNums perm topicFilterType attributes`; carries neither the order nor the unit flags. */
function readWords(line: string): TopicRegistration {
  const [topic, read, write, perm, filterType] = line.split(' ');
  if (topic === undefined || filterType === undefined) throw malformed(`topic line "${line.slice(0, 200)}"`);
  return {
    topic,
    readQueueNums: numberOf(read, 16),
    writeQueueNums: numberOf(write, 16),
    perm: numberOf(perm, 6),
    topicSysFlag: undefined,
  };
}

class PieceReader {
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  get atEnd(): boolean {
    return this.at >= this.bytes.length;
  }

  count(): number {
    if (this.bytes.length - this.at < 4) throw malformed(`compressed body ends at ${this.bytes.length} B`);
    const count = this.bytes.readInt32BE(this.at);
    this.at += 4;
    if (count < 0) throw malformed(`negative length at ${this.at - 4} B`);
    return count;
  }

  piece(): Buffer {
    const length = this.count();
    if (length > this.bytes.length - this.at) throw malformed(`piece of ${length} B at ${this.at} B`);
    this.at += length;
    return this.bytes.subarray(this.at - length, this.at);
  }
}

const malformed = (what: string): NamesrvError =>
  new NamesrvError('REGISTRATION_MALFORMED', `registration: ${what}`, { hint: 'is the sender a RocketMQ broker?' });

function recordOf(value: unknown, what: string): Record<string, unknown> {
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw malformed(`${what} is not an object`);
  return value as Record<string, unknown>;
}

function optionalRecord(value: unknown): Record<string, unknown> | undefined {
  return value === undefined || value === null ? undefined : recordOf(value, 'a table');
}

function readTexts(value: unknown): string[] | undefined {
  if (!Array.isArray(value)) return undefined;
  return value.filter((item): item is string => typeof item === 'string');
}

function numberOf(value: unknown, absent: number): number {
  if (value === undefined || value === null || value === '') return absent;
  const number = Number(value);
  if (!Number.isInteger(number)) throw malformed(`"${String(value)}" is not a whole number`);
  return number;
}
