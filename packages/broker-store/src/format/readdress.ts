import { StoreError } from '../errors';
import { MAGIC_V1, MAGIC_V2, RecordHeader } from './record';

/**
 * A copy of a record that names another topic and queue; everything else stays, its offsets too.
 * @throws StoreError STORE_CORRUPT when no whole record is there
 */
export function readdressed(record: Buffer, topic: string, queueId: number): Buffer {
  const header = new RecordHeader();
  const size = header.read(record, 0, record.length);
  if (size <= 0) throw new StoreError('STORE_CORRUPT', `no whole message record in ${record.length} bytes`);
  const name = Buffer.from(topic, 'utf8');
  const long = name.length > 127;
  const length = Buffer.alloc(long ? 2 : 1);
  if (long) length.writeUInt16BE(name.length);
  else length.writeUInt8(name.length);
  const before = record.subarray(0, header.topicStart - header.version);
  const copy = Buffer.concat([before, length, name, record.subarray(header.topicEnd, size)]);
  copy.writeInt32BE(copy.length, 0);
  copy.writeInt32BE(long ? MAGIC_V2 : MAGIC_V1, 4);
  copy.writeInt32BE(queueId, 12);
  return copy;
}
