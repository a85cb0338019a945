import { StoreError } from '../errors';
import { readInt64 } from './int64';
import { formatIp } from './ip';
import { RecordHeader, SYS_FLAG } from './record';

/** One stored message. `body` is a slice of the bytes it was read from and lives as long as they do. */
export interface StoredMessage {
  readonly totalSize: number;
  readonly version: 1 | 2;
  readonly bodyCrc: number;
  readonly topic: string;
  readonly queueId: number;
  readonly flag: number;
  readonly queueOffset: number;
  readonly physicalOffset: number;
  readonly sysFlag: number;
  readonly bornTimestamp: number;
  readonly bornHost: { readonly host: string; readonly port: number };
  readonly storeTimestamp: number;
  readonly storeHost: { readonly host: string; readonly port: number };
  readonly reconsumeTimes: number;
  readonly preparedTransactionOffset: number;
  readonly body: Buffer;
  /** RocketMQ's text form, as stored: see decodeProperties. */
  readonly properties: string;
}

/**
 * Reads the record at `at`. The CRC is not checked.
 * @throws StoreError STORE_CORRUPT when no whole record is there
 */
export function decodeMessage(bytes: Buffer, at = 0): StoredMessage {
  const header = new RecordHeader();
  const size = header.read(bytes, at, bytes.length - at);
  if (size <= 0) throw new StoreError('STORE_CORRUPT', `no whole message record at byte ${at} of ${bytes.length}`);
  const bornIp = (header.sysFlag & SYS_FLAG.bornHostV6) === 0 ? 4 : 16;
  const storeIp = (header.sysFlag & SYS_FLAG.storeHostV6) === 0 ? 4 : 16;
  const storeHost = at + 60 + bornIp;
  const after = storeHost + storeIp + 4;
  return {
    totalSize: size,
    version: header.version,
    bodyCrc: header.bodyCrc,
    topic: bytes.toString('utf8', header.topicStart, header.topicEnd),
    queueId: header.queueId,
    flag: bytes.readInt32BE(at + 16),
    queueOffset: header.queueOffset,
    physicalOffset: header.physicalOffset,
    sysFlag: header.sysFlag,
    bornTimestamp: readInt64(bytes, at + 40),
    bornHost: { host: formatIp(bytes, at + 48, bornIp), port: bytes.readInt32BE(at + 48 + bornIp) },
    storeTimestamp: header.storeTimestamp,
    storeHost: { host: formatIp(bytes, storeHost, storeIp), port: bytes.readInt32BE(storeHost + storeIp) },
    reconsumeTimes: bytes.readInt32BE(after),
    preparedTransactionOffset: readInt64(bytes, after + 4),
    body: bytes.subarray(header.bodyStart, header.bodyEnd),
    properties: bytes.toString('utf8', header.propertiesStart, header.propertiesEnd),
  };
}
