import { createHash } from 'node:crypto';
import { closeSync, fdatasyncSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { percentiles, round } from './percentiles.mjs';

/** What this machine does just now, to put the figures in relation: a fixed loop, and a synced write of 300 bytes. */
export function calibrate() {
  return { loopMs: loop(), ...syncs() };
}

/** SHA-256 of 1 MiB a hundred times: about 60 ms on a core of 2020. Native code, so no compiler warms up in it. */
function loop() {
  const bytes = Buffer.alloc(1 << 20);
  const from = performance.now();
  for (let i = 0; i < 100; i++) createHash('sha256').update(bytes).digest();
  return round(performance.now() - from);
}

function syncs() {
  const directory = mkdtempSync(join(tmpdir(), 'raft-sync-'));
  const file = openSync(join(directory, 'file'), 'w');
  const bytes = Buffer.alloc(300);
  const times = [];
  for (let i = 0; i < 300; i++) {
    const from = performance.now();
    writeSync(file, bytes);
    fdatasyncSync(file);
    times.push(performance.now() - from);
  }
  closeSync(file);
  rmSync(directory, { recursive: true, force: true });
  const { median, p99 } = percentiles(times);
  return { syncMedianMs: median, syncP99Ms: p99 };
}
