import { StoreError } from '../errors';
import { formatIp } from './ip';

/** Address bytes and port of a host as hex, the front part of its message ids. */
export function messageIdPrefix(ip: Buffer, port: number): string {
  return (ip.toString('hex') + (port >>> 0).toString(16).padStart(8, '0')).toUpperCase();
}

/** Offset message id: store host and physical offset in hex, 32 or 56 characters. @source MessageDecoder.createMessageId */
export function offsetMessageId(prefix: string, physicalOffset: number): string {
  return prefix + physicalOffset.toString(16).toUpperCase().padStart(16, '0');
}

/** @throws StoreError BAD_OPTION when the text is no offset message id */
export function parseOffsetMessageId(id: string): { host: string; port: number; physicalOffset: number } {
  if (!/^([0-9a-fA-F]{32}|[0-9a-fA-F]{56})$/.test(id)) {
    throw new StoreError('BAD_OPTION', `${JSON.stringify(id)} is no offset message id: 32 or 56 hex digits expected`);
  }
  const bytes = Buffer.from(id, 'hex');
  const ipBytes = bytes.length - 12;
  const physicalOffset = Number(bytes.readBigInt64BE(ipBytes + 4));
  return { host: formatIp(bytes, 0, ipBytes), port: bytes.readInt32BE(ipBytes), physicalOffset };
}
