import type { Files } from '@batonmq/host';
import { codeOf, nodeChecksums, textOf, type Checksums } from '@batonmq/host';
import type { Configuration, Snapshot } from '../core/types';
import { RaftError } from '../errors';

/** The state of a group after applying `index`, as `RaftNode.image` gives it. */
export interface GroupImage extends Snapshot {
  readonly group: string;
}

const MAGIC = Buffer.from('BMQRAFT1');
const HEAD_BYTES = 16;
const PIECE_BYTES = 1 << 20;

interface Header {
  readonly group: string;
  readonly index: number;
  readonly term: number;
  readonly bytes: number;
  readonly crc: number;
  readonly configuration?: Configuration;
}

/**
 * Writes an image to a file that is there whole or not at all; an older one at `path` is replaced.
 *
 *     0           8             12           16          16+H
 *     | BMQRAFT1 | crc u32     | H u32      | JSON      | data |      the checksum is of the JSON, which has that of the data
 *
 * @throws HostError FILE_IO, DISK_FULL
 */
export async function writeSnapshotFile(
  files: Files,
  path: string,
  image: GroupImage,
  checksums: Checksums = nodeChecksums,
): Promise<void> {
  const { group, index, term, configuration, data } = image;
  const header: Header = { group, index, term, bytes: data.length, crc: checksums.crc32(data), configuration };
  const json = Buffer.from(JSON.stringify(header));
  const head = Buffer.alloc(HEAD_BYTES);
  MAGIC.copy(head);
  head.writeUInt32BE(checksums.crc32(json), 8);
  head.writeUInt32BE(json.length, 12);
  const temporary = `${path}.tmp`;
  files.remove(temporary);
  const file = files.open(temporary, 'create');
  try {
    file.writeSync(Buffer.concat([head, json]), 0, HEAD_BYTES + json.length, 0);
    for (let at = 0; at < data.length; at += PIECE_BYTES) {
      file.writeSync(data, at, Math.min(PIECE_BYTES, data.length - at), HEAD_BYTES + json.length + at);
    }
    await file.datasync();
  } finally {
    file.close();
  }
  files.rename(temporary, path);
  files.syncDir(path.slice(0, path.lastIndexOf('/')) || '/');
}

/** @throws RaftError CORRUPT when it is not such a file or not whole; HostError FILE_NOT_FOUND */
export function readSnapshotFile(files: Files, path: string, checksums: Checksums = nodeChecksums): GroupImage {
  const file = files.open(path, 'read');
  const refuse = (what: string, cause?: unknown): RaftError =>
    new RaftError('CORRUPT', `${path} is no whole snapshot: ${what}`, { hint: 'take another copy', cause });
  try {
    const read = (at: number, length: number): Buffer => {
      const bytes = Buffer.alloc(length);
      if (file.readSync(bytes, 0, length, at) < length) throw refuse(`it ends before byte ${at + length}`);
      return bytes;
    };
    const head = read(0, HEAD_BYTES);
    if (!head.subarray(0, 8).equals(MAGIC)) throw refuse(`it does not begin with ${MAGIC.toString()}`);
    const jsonBytes = head.readUInt32BE(12);
    if (HEAD_BYTES + jsonBytes > file.bytes()) throw refuse('its header is cut off');
    const json = read(HEAD_BYTES, jsonBytes);
    if (checksums.crc32(json) !== head.readUInt32BE(8)) throw refuse('its header does not fit its checksum');
    const { group, index, term, bytes, crc, configuration } = JSON.parse(json.toString()) as Header;
    if (HEAD_BYTES + jsonBytes + bytes !== file.bytes()) throw refuse(`it should have ${bytes} bytes of data`);
    const data = read(HEAD_BYTES + jsonBytes, bytes);
    if (checksums.crc32(data) !== crc) throw refuse('its data do not fit their checksum');
    return { group, index, term, data, ...(configuration === undefined ? {} : { configuration }) };
  } catch (error) {
    if (codeOf(error) === 'CORRUPT') throw error;
    throw refuse(textOf(error), error);
  } finally {
    file.close();
  }
}
