import * as fc from 'fast-check';
import { bodiesOf } from './check-store';
import { MemoryDisk } from './memory-disk';
import { Fixture, hostOfBoot, message } from './store-fixture';

/** A small generator of numbers, so that one seed repeats one history. */
function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

const QUEUES = 3;

/**
 * Fault model: the process dies (page cache kept) or the power goes (unsynced pages, entries and removals kept or lost one by
 * one) at any point between two calls. What must hold at the next start: every message that was durable is there, in its
 * queue, at its offset, in order; nothing that was cut before is; the offsets continue.
 */
class History {
  readonly disk = new MemoryDisk();
  fixture!: Fixture;
  /** Bodies per queue, durable or not. */
  readonly written: string[][] = Array.from({ length: QUEUES }, () => []);
  readonly durable: number[] = new Array<number>(QUEUES).fill(0);
  private readonly ends: { end: number; queue: number }[] = [];
  private sequence = 0;
  private boots = 0;

  constructor(
    private readonly random: () => number,
    private readonly mode: 'SYNC_FLUSH' | 'ASYNC_FLUSH',
  ) {}

  async open(): Promise<void> {
    const host = { ...hostOfBoot(`boot ${this.boots}`), files: this.disk.boot() };
    this.fixture = await Fixture.open('/store', { flushDiskType: this.mode, mappedFileSizeCommitLog: 4096 }, host);
  }

  async put(wait: boolean): Promise<void> {
    const count = 1 + Math.floor(this.random() * 8);
    let end = 0;
    for (let i = 0; i < count; i++) {
      const queue = Math.floor(this.random() * QUEUES);
      const body = `${this.sequence++}:${'b'.repeat(Math.floor(this.random() * 900))}`;
      const result = this.fixture.store.put(message('T', queue, body, { properties: 'KEYS\u0001k\u0002' }));
      expect(result.status).toBe('PUT_OK');
      expect(result.queueOffset).toBe(this.written[queue]?.length);
      this.written[queue]?.push(body);
      end = result.endOffset;
      this.ends.push({ end, queue });
    }
    if (!wait) return;
    await this.fixture.store.whenDurable(end);
    for (let q = 0; q < QUEUES; q++) this.durable[q] = (this.written[q] as string[]).length;
  }

  async truncate(): Promise<void> {
    if (this.ends.length === 0) return;
    const keep = Math.floor(this.random() * this.ends.length);
    const { end } = this.ends[keep] as { end: number };
    const { log } = this.fixture.store;
    if (end < log.minOffset()) return;
    await log.truncate(end);
    for (const { queue } of this.ends.splice(keep + 1)) this.written[queue]?.pop();
    for (let q = 0; q < QUEUES; q++) this.durable[q] = (this.written[q] as string[]).length;
  }

  /** Dies, comes back, and is compared. @param kept what must be there: only the durable, or all that was written */
  async die(how: 'kill' | 'power' | 'stop'): Promise<void> {
    if (how === 'stop') await this.fixture.store.stop();
    else await this.fixture.kill();
    if (how === 'power') {
      this.disk.powerLoss(this.random);
      this.boots++;
    } else {
      this.disk.kill();
    }
    await this.open();
    for (let q = 0; q < QUEUES; q++) {
      const found = bodiesOf(this.fixture.store, 'T', q);
      const wanted = this.written[q] as string[];
      expect(found).toEqual(wanted.slice(0, found.length));
      if (how === 'stop') expect(found).toHaveLength(wanted.length);
      if (how !== 'power' || this.mode === 'SYNC_FLUSH')
        expect(found.length).toBeGreaterThanOrEqual(this.durable[q] as number);
      wanted.length = found.length;
      this.durable[q] = found.length;
    }
    const end = this.fixture.store.log.maxOffset();
    while ((this.ends.at(-1)?.end ?? 0) > end) this.ends.pop();
  }
}

describe('histories of puts, cuts and deaths', () => {
  it.each(['SYNC_FLUSH', 'ASYNC_FLUSH'] as const)(
    '%s keeps what it promised',
    async (mode) => {
      await fc.assert(
        fc.asyncProperty(
          fc.integer(),
          fc.array(fc.constantFrom('put', 'put', 'wait', 'truncate', 'kill', 'power', 'stop'), {
            minLength: 2,
            maxLength: 14,
          }),
          async (seed, steps) => {
            const history = new History(seeded(seed), mode);
            await history.open();
            for (const step of steps) {
              if (step === 'put' || step === 'wait') await history.put(step === 'wait');
              else if (step === 'truncate') await history.truncate();
              else await history.die(step);
            }
            await history.die('stop');
            await history.fixture.store.stop();
          },
        ),
        { numRuns: 40 },
      );
    },
    60_000,
  );

  it('the comparison notices a disk whose syncs do nothing', async () => {
    const run = async (): Promise<void> => {
      for (let seed = 0; seed < 20; seed++) {
        const history = new History(seeded(seed), 'SYNC_FLUSH');
        history.disk.lyingSyncs = true;
        await history.open();
        await history.put(true);
        await history.die('power');
        await history.fixture.store.stop();
      }
    };
    await expect(run()).rejects.toThrow(/toBeGreaterThanOrEqual/);
  });
});
