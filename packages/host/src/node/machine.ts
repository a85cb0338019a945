import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { homedir, hostname, networkInterfaces, totalmem } from 'node:os';
import { crc32, deflateSync, inflateSync } from 'node:zlib';
import { HostError } from '../errors';
import type { Checksums, Compression, Machine } from '../host';

export const nodeChecksums: Checksums = {
  crc32: (bytes, previous) => crc32(bytes, previous),
  hmacSha1: (key, bytes) => createHmac('sha1', key).update(bytes).digest(),
};

export const nodeCompression: Compression = {
  inflate(bytes, maxBytes) {
    try {
      return inflateSync(bytes, { maxOutputLength: maxBytes });
    } catch (cause) {
      throw new HostError('COMPRESSION', `cannot inflate ${bytes.length} B into at most ${maxBytes} B`, { cause });
    }
  },
  deflate: (bytes, level) => deflateSync(bytes, { level }),
};

export function nodeMachine(): Machine {
  return {
    pid: process.pid,
    hostName: hostname(),
    totalMemoryBytes: totalmem(),
    homeDir: homedir(),
    address: firstAddress(),
    bootId: bootId(),
    residentBytes: () => process.memoryUsage.rss(),
  };
}

/** Linux only: elsewhere the time of the boot moves with the wall clock, which names nothing. */
function bootId(): string | undefined {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'latin1').trim() || undefined;
  } catch {
    return undefined;
  }
}

function firstAddress(): string {
  for (const list of Object.values(networkInterfaces())) {
    for (const one of list ?? []) if (one.family === 'IPv4' && !one.internal) return one.address;
  }
  return '127.0.0.1';
}
