import type { Prng } from '@batonmq/simulator';
import { RecordEncoder, hostBytes } from '../../src/format/encode-record';
import { parseIp } from '../../src/format/ip';
import { MAGIC_BLANK, SYS_FLAG } from '../../src/format/record';
import type { MessageInput } from '../../src/index';
import { message } from '../store-fixture';
import type { Entry, History } from './history';

const TOPICS = ['A', 'B', 'SCHEDULE_TOPIC_XXXX', `%RETRY%${'g'.repeat(150)}`];
const KEYS = ['k1', 'k2', 'k3'];
const TAGS = ['t0', 't1', 't2'];
const QUEUES = 3;

export const ALL_QUEUES: readonly (readonly [topic: string, queueId: number])[] = TOPICS.flatMap((topic) =>
  Array.from({ length: QUEUES }, (_, id) => [topic, id] as const),
);
export { KEYS, TAGS, TOPICS };

export interface Drawn {
  readonly input: MessageInput;
  readonly key: string | undefined;
  readonly numbered: boolean;
  readonly body: string;
}

/** Of how many topics, and how many queues of each, messages are: fewer, and more happens to each. */
export interface Places {
  readonly topics: number;
  readonly queues: number;
}

export const ALL_PLACES: Places = { topics: TOPICS.length, queues: QUEUES };

/** A message of any kind that can be put alone. */
export function drawMessage(prng: Prng, history: History, places: Places, largest: number): Drawn {
  const topic = TOPICS[prng.int(places.topics)] as string;
  const bytes = prng.chance(0.1) ? prng.int(largest) : prng.int(200);
  const body = history.nextBody(Math.max(8, bytes));
  const key = prng.chance(0.5) ? (KEYS[prng.int(KEYS.length)] as string) : undefined;
  const kind = topic === 'SCHEDULE_TOPIC_XXXX' || prng.chance(0.8) ? 0 : prng.int(4) << 2;
  let properties = prng.chance(0.5) ? `TAGS\u0001${TAGS[prng.int(TAGS.length)]}\u0002` : '';
  if (key !== undefined) properties += `KEYS\u0001${key} other\u0002`;
  if (topic === 'SCHEDULE_TOPIC_XXXX') properties += `DELAY\u0001${1 + prng.int(18)}\u0002`;
  const bornHost = prng.chance(0.2) ? { host: 'fe80::1', port: 1 } : { host: '127.0.0.1', port: 2 };
  const input = message(topic, prng.int(places.queues), body, { properties, sysFlag: kind, bornHost });
  const numbered = kind === 0 || kind === SYS_FLAG.transactionCommit;
  return { input, key: kind === SYS_FLAG.transactionRollback ? undefined : key, body, numbered };
}

/** Body of a client's batch with these messages. */
export function batchBody(bodies: readonly string[], properties: string): Buffer {
  return Buffer.concat(
    bodies.map((body) => {
      const one = Buffer.alloc(22 + body.length + properties.length);
      one.writeInt32BE(one.length, 0);
      one.writeInt32BE(body.length, 16);
      one.write(body, 20);
      one.writeInt16BE(properties.length, 20 + body.length);
      one.write(properties, 22 + body.length);
      return one;
    }),
  );
}

/** What a master would send: records and blanks from `at` on, each numbered as the history says. */
export class MasterFeed {
  private readonly encoder = new RecordEncoder(hostBytes(parseIp('10.0.0.9') as Buffer, 10911));

  constructor(
    private readonly prng: Prng,
    private readonly history: History,
    private readonly places: Places,
    private readonly fileSize: number,
  ) {}

  /** The next record, with what is before it at the end of a file. */
  next(at: number, wallMs: number): { bytes: Buffer; entry: Entry } {
    const { prng, history, places, fileSize } = this;
    const { input, key, body, numbered } = drawMessage(prng, history, places, Math.floor(fileSize / 3));
    // Along a log times do not go back, but a new master's clock may be behind that of the one before.
    const timestamp = Math.max(history.entries.at(-1)?.timestamp ?? 0, wallMs);
    const topic = Buffer.from(input.topic);
    const born = hostBytes(parseIp(input.bornHost.host) as Buffer, input.bornHost.port);
    const { encoder } = this;
    const size = encoder.measure(topic, topic.length > 127, born, input.body, 0, input.body.length, input.properties);
    const left = fileSize - (at % fileSize);
    const pad = size + 8 > left ? left : 0;
    const bytes = Buffer.alloc(pad + size);
    if (pad > 0) {
      bytes.writeInt32BE(pad, 0);
      bytes.writeInt32BE(MAGIC_BLANK, 4);
    }
    const offset = at + pad;
    const queueOffset = numbered ? history.nextOffset(input.topic, input.queueId) : 0;
    const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
    const crc = crc32(input.body) & 0x7fff_ffff;
    encoder.write(bytes, view, pad, input, 0, born, crc, queueOffset, offset, timestamp);
    const entry: Entry = {
      offset,
      end: offset + size,
      topic: input.topic,
      queueId: input.queueId,
      queueOffset: numbered ? queueOffset : undefined,
      body,
      key,
      timestamp,
      born: history.lifeOf(input.topic),
      life: history.lifeOf(input.topic),
    };
    return { bytes, entry };
  }
}

const TABLE = Int32Array.from({ length: 256 }, (_, index) => {
  let value = index;
  for (let bit = 0; bit < 8; bit++) value = value & 1 ? (value >>> 1) ^ 0xedb88320 : value >>> 1;
  return value;
});

/** A second implementation: the store's must agree. */
function crc32(bytes: Buffer): number {
  let value = -1;
  for (const byte of bytes) value = (TABLE[(value ^ byte) & 255] as number) ^ (value >>> 8);
  return (value ^ -1) >>> 0;
}
