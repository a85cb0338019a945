import { cpSync, mkdtempSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LevelStorage } from '../src/index';

const BATCHES = 40;
const PER_BATCH = 5;
/** LevelDB's log comes in blocks of 32 KiB: the entries here fill several. */
const BYTES = 1000;

/** What a crash, or a bad disk, makes of LevelDB's write-ahead log. */
describe('a damaged write-ahead log', () => {
  const root = mkdtempSync(join(tmpdir(), 'raft-torn-'));
  const origin = join(root, 'origin');
  let copies = 0;
  afterAll(() => rmSync(root, { recursive: true, force: true }));

  beforeAll(async () => {
    const storage = new LevelStorage(origin);
    await storage.open();
    for (let n = 0; n < BATCHES; n++) {
      const first = n * PER_BATCH + 1;
      const entries = Array.from({ length: PER_BATCH }, (_, i) => {
        return { index: first + i, term: n + 1, kind: 'data' as const, data: Buffer.alloc(BYTES, first + i) };
      });
      await storage.write({ hardState: { term: n + 1, votedFor: 'a' }, truncateAfter: first - 1, entries });
    }
    await storage.close();
  });

  /** A copy of the directory with the log changed. @returns the entries found, or the code of the refusal */
  async function open(change: (path: string, bytes: number) => void): Promise<number | string> {
    const copy = join(root, `copy-${copies++}`);
    cpSync(origin, copy, { recursive: true });
    const log = readdirSync(copy).find((name) => name.endsWith('.log')) ?? '';
    change(join(copy, log), readFileSync(join(copy, log)).length);
    const storage = new LevelStorage(copy);
    try {
      const { entries, hardState } = await storage.open();
      // A batch is there with all it brought, or not at all.
      expect(entries.length % PER_BATCH).toBe(0);
      expect(hardState.term).toBe(entries.length / PER_BATCH);
      return entries.length;
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    } finally {
      await storage.close();
      rmSync(copy, { recursive: true, force: true });
    }
  }

  it('that ends anywhere is cut after the last whole batch', async () => {
    const all = BATCHES * PER_BATCH;
    expect(await open(() => {})).toBe(all);
    let before = all;
    for (const cut of [1, 7, 500, 5000, 5100, 20_000, 32_768, 40_000, 100_000]) {
      const found = await open((path, bytes) => truncateSync(path, bytes - cut));
      expect(found).toBeLessThanOrEqual(before);
      expect(found).toBeGreaterThanOrEqual(all - PER_BATCH * (2 + Math.floor(cut / (BYTES * PER_BATCH))));
      before = found as number;
    }
  });

  it('with other bytes in its middle is refused', async () => {
    for (const share of [0.1, 0.2, 0.35, 0.5, 0.65]) {
      const found = await open((path, bytes) => {
        const content = readFileSync(path);
        const at = Math.floor(bytes * share);
        content.fill(content[at] === 0x55 ? 0x2a : 0x55, at, at + 50);
        writeFileSync(path, content);
      });
      expect(found).toBe('CORRUPT');
    }
  });

  it('whose middle is gone is refused', async () => {
    const found = await open((path) => {
      const content = readFileSync(path);
      writeFileSync(path, Buffer.concat([content.subarray(0, 32_768), content.subarray(2 * 32_768)]));
    });
    expect(found).toBe('CORRUPT');
  });
});
