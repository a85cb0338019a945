import { nodeChecksums } from '@batonmq/host';
import { RecordEncoder, hostBytes } from '../src/format/encode-record';
import { parseIp } from '../src/format/ip';

export interface OneRecord {
  readonly topic?: string;
  readonly bornIp?: string;
  readonly storeIp?: string;
  readonly body?: Buffer;
  readonly properties?: string;
  /** Properties of a message of a client's batch. */
  readonly own?: Buffer;
  /** The last property is the CRC of the record. */
  readonly withCrc?: boolean;
}

/** Where it says that it lies. */
export const RECORD_OFFSET = 1_073_745_920;

const MARGIN = 5;
const ENVELOPE = {
  queueId: 3,
  sysFlag: 0,
  bornTimestamp: 1_700_000_000_000,
  reconsumeTimes: 0,
  preparedTransactionOffset: 0,
};

/** A record as of store-format.md 18.1, unless told otherwise. Its encoder must write into its own bytes only. */
export function oneRecord(of: OneRecord = {}): Buffer {
  const { topic = 'TopicTest', bornIp = '127.0.0.1', storeIp = '192.168.0.10', body = Buffer.from('hello') } = of;
  const { properties = '', own } = of;
  const storeHost = hostBytes(parseIp(storeIp) as Buffer, 10911);
  const encoder = new RecordEncoder(storeHost, of.withCrc === true ? (bytes) => nodeChecksums.crc32(bytes) : undefined);
  const born = hostBytes(parseIp(bornIp) as Buffer, 52100);
  const bytes = Buffer.from(topic);
  const long = topic.length > 127;
  const size = encoder.measure(bytes, long, born, body, 0, body.length, properties, own, 0, own?.length ?? 0);
  const target = Buffer.alloc(size + 2 * MARGIN, 0xee);
  const view = new DataView(target.buffer, target.byteOffset, target.length);
  const crc = nodeChecksums.crc32(body) & 0x7fff_ffff;
  encoder.write(target, view, MARGIN, ENVELOPE, 0, born, crc, 42, RECORD_OFFSET, 1_700_000_000_123);
  expect([...target.subarray(0, MARGIN), ...target.subarray(MARGIN + size)]).toEqual(new Array(2 * MARGIN).fill(0xee));
  return target.subarray(MARGIN, MARGIN + size);
}
