import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import type { Recovered, WriteBatch } from '../src/index';
import { LevelStorage, MemoryDisk, MemoryStorage } from '../src/index';

/** One step of a node's life: what it appends, how far it cuts, what it compacts; relative to what is there. */
interface Step {
  readonly cut: number;
  readonly count: number;
  readonly bytes: number;
  readonly compact: number;
  readonly install: number;
}
const stepOf: fc.Arbitrary<Step> = fc.record({
  cut: fc.integer({ min: 0, max: 12 }),
  count: fc.integer({ min: 0, max: 12 }),
  bytes: fc.constantFrom(0, 1, 300, 150_000),
  compact: fc.integer({ min: 0, max: 8 }),
  install: fc.constantFrom(0, 0, 0, 0, 5, 40),
});

/** The batch a node would write on top of what is there. */
function batchOf(step: Step, term: number, { base: { index: base }, entries: old }: Recovered): WriteBatch {
  const hardState = { term, votedFor: 'a' };
  const last = base + old.length;
  const after = Math.max(base, last - step.cut);
  const at = (index: number): Pick<WriteBatch, 'base' | 'snapshot'> => {
    const point = { index, term: (index <= after ? old[index - base - 1]?.term : term) ?? term };
    return { base: point, snapshot: { ...point, data: Buffer.alloc(10, index) } };
  };
  if (step.install > 0) return { hardState, truncateAfter: last, entries: [], ...at(last + step.install) };
  const entries = Array.from({ length: step.count }, (_, i) => {
    const index = after + 1 + i;
    return { index, term, kind: 'data' as const, data: Buffer.alloc(step.bytes, index) };
  });
  const end = after + step.count;
  const to = Math.min(end, base + step.compact);
  return { hardState, truncateAfter: after, entries, ...(to > base ? at(to) : {}) };
}

function digest({ hardState, base, entries, snapshot }: Recovered): string {
  const lines = entries.map(({ index, term, kind, data }) => `${index}/${term} ${kind} ${data.length} ${data[0]}`);
  return JSON.stringify([hardState, base.index, lines, snapshot?.index, snapshot?.data.length]);
}

it('level holds what memory holds, whatever is written, cut and compacted', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(stepOf, { minLength: 1, maxLength: 12 }), async (steps) => {
      const directory = mkdtempSync(join(tmpdir(), 'raft-twins-'));
      const disk = new MemoryDisk();
      try {
        let level = new LevelStorage(directory);
        await level.open();
        const memory = new MemoryStorage(disk);
        await memory.open();
        for (const [i, step] of steps.entries()) {
          const batch = batchOf(step, i + 1, disk.read());
          await Promise.all([level.write(batch), memory.write(batch)]);
          if (i % 3 < 2 && i < steps.length - 1) continue;
          await level.close();
          level = new LevelStorage(directory);
          expect(digest(await level.open())).toBe(digest(disk.read()));
        }
        await level.close();
      } finally {
        rmSync(directory, { recursive: true, force: true });
      }
    }),
    { numRuns: 60 },
  );
}, 60_000);
