/**
 * Walks the body of a batch request: per message
 *
 *     | size i32 | magic i32 | crc i32 | flag i32 | body i32+n | properties i16+p |     magic and crc are 0
 *
 * One object is reused: `next` moves on and leaves the places in its fields. @source MessageDecoder.encodeMessage
 */
export class ClientBatchReader {
  flag = 0;
  bodyStart = 0;
  bodyEnd = 0;
  propertiesStart = 0;
  propertiesEnd = 0;
  private at = 0;

  constructor(private readonly bytes: Buffer) {}

  /** @returns 'message', 'end', or 'malformed' when the bytes are no batch */
  next(): 'message' | 'end' | 'malformed' {
    const { bytes, at } = this;
    if (at === bytes.length) return 'end';
    if (bytes.length - at < 22) return 'malformed';
    const size = bytes.readInt32BE(at);
    const end = at + size;
    if (size < 22 || end > bytes.length) return 'malformed';
    this.flag = bytes.readInt32BE(at + 12);
    const bodyLength = bytes.readInt32BE(at + 16);
    this.bodyStart = at + 20;
    this.bodyEnd = this.bodyStart + bodyLength;
    if (bodyLength < 0 || this.bodyEnd + 2 > end) return 'malformed';
    this.propertiesStart = this.bodyEnd + 2;
    this.propertiesEnd = this.propertiesStart + bytes.readUInt16BE(this.bodyEnd);
    if (this.propertiesEnd !== end) return 'malformed';
    this.at = end;
    return 'message';
  }
}
