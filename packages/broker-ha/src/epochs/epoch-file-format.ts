import type { Checksums } from '@batonmq/host';
import type { EpochEntry } from './epoch-entry';

/**
 * Text, one line each: number of entries; CRC-32 of the entry lines with their line ends, without its top bit, 0 for
 * "not checked"; then `<epoch>-<startOffset>`.
 */
export function encodeEpochs(entries: readonly EpochEntry[], checksums: Checksums): string {
  const lines = entries.map((entry) => `${entry.epoch}-${entry.startOffset}\n`).join('');
  return `${entries.length}\n${crcOf(lines, checksums)}\n${lines}`;
}

/**
 * @returns undefined when the text is not a whole epoch file. An empty list is a file of ours (the reference never
 * writes one, and takes `.bak` instead).
 */
export function decodeEpochs(text: string, checksums: Checksums): EpochEntry[] | undefined {
  const lines = text.split(/\r?\n/);
  const count = wholeNumber(lines[0]);
  const crc = wholeNumber(lines[1]);
  if (count === undefined || crc === undefined) return undefined;
  const entryLines = lines.slice(2).filter((line) => line !== '');
  const entries: EpochEntry[] = [];
  for (const line of entryLines) {
    const match = /^(\d+)-(\d+)$/.exec(line.trim());
    if (match === null) return undefined;
    entries.push({ epoch: Number(match[1]), startOffset: Number(match[2]) });
  }
  if (entries.length !== count || !ascending(entries)) return undefined;
  const lineEnd = text.includes('\r\n') ? '\r\n' : '\n';
  const checked = entryLines.map((line) => line + lineEnd).join('');
  return crc === 0 || crc === crcOf(checked, checksums) ? entries : undefined;
}

function crcOf(lines: string, checksums: Checksums): number {
  return checksums.crc32(Buffer.from(lines, 'utf8')) & 0x7fffffff;
}

function wholeNumber(line: string | undefined): number | undefined {
  return line !== undefined && /^\d+$/.test(line.trim()) ? Number(line) : undefined;
}

function ascending(entries: readonly EpochEntry[]): boolean {
  return entries.every((entry, i) => {
    const before = entries[i - 1];
    return before === undefined || (before.epoch < entry.epoch && before.startOffset <= entry.startOffset);
  });
}
