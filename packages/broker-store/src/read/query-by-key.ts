import { indexHash, javaHash } from '../format/java-hash';
import { decodeMessage } from '../format/decode-message';
import { PROPERTY, decodeProperties } from '../format/properties';
import { SYS_FLAG } from '../format/record';
import type { IndexService } from '../index-file/index-service';
import type { RecordReader } from './record-reader';

export interface KeyQueryResult {
  readonly records: Buffer[];
  readonly indexLastUpdateTimestamp: number;
  readonly indexLastUpdatePhyoffset: number;
}

/**
 * The index knows hashes only, so what it names is read and compared: other topics and keys with the same hash, and places
 * that were cut since, do not get through (store-format.md B7), nor rolled-back messages in the place of others. Nor do records at or above `limit`, which consumers may not
 * see yet: the index may know them from before a restart. @source DefaultMessageStore.queryMessage
 */
export function queryByKey(
  index: IndexService | undefined,
  reader: RecordReader,
  topic: string,
  key: string,
  maxNum: number,
  begin: number,
  end: number,
  limit: number,
): KeyQueryResult {
  const hash = indexHash(javaHash(`${topic}#${key}`));
  const records: Buffer[] = [];
  const seen = new Set<number>();
  const visit = (phy: number): boolean => {
    if (seen.has(phy)) return true;
    seen.add(phy);
    if (phy >= limit) return true;
    const record = reader.recordAt(phy);
    if (record !== undefined && hasKey(record, topic, key)) records.push(record);
    return records.length < maxNum;
  };
  if (maxNum > 0) index?.query(hash, begin, end, visit);
  records.reverse();
  return {
    records,
    indexLastUpdateTimestamp: index?.lastTimestamp ?? 0,
    indexLastUpdatePhyoffset: index?.lastPhyOffset ?? 0,
  };
}

function hasKey(record: Buffer, topic: string, key: string): boolean {
  const message = decodeMessage(record);
  const isRolledBack = (message.sysFlag & SYS_FLAG.transactionMask) === SYS_FLAG.transactionRollback;
  if (message.topic !== topic || isRolledBack) return false;
  const properties = decodeProperties(message.properties);
  return properties.get(PROPERTY.uniqueKey) === key || (properties.get(PROPERTY.keys) ?? '').split(' ').includes(key);
}
