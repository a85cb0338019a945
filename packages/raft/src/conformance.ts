import type { Configuration, Entry, HardState, Recovered, Snapshot, WriteBatch } from './core/types';
import type { RaftStorage } from './storage/storage';

/** A storage under test, over the life of several processes. */
export interface StorageLife {
  /** The storage of a process started now on the same disk. */
  process(): RaftStorage;
}

type It = (name: string, run: () => Promise<void>) => unknown;

/**
 * What every RaftStorage must do. Runner-agnostic: hand in the `it` of your test runner.
 *
 *     describe('MyStorage', () => raftStorageConformance(it, async () => ({ process: () => new MyStorage(disk) })));
 *
 * @param open gives an empty disk each time
 */
export function raftStorageConformance(it: It, open: () => Promise<StorageLife>): void {
  const check = (name: string, batches: readonly Partial<WriteBatch>[], expected: Partial<Recovered>): void => {
    it(name, async () => {
      const life = await open();
      const storage = life.process();
      await storage.open();
      for (const batch of batches) await storage.write({ entries: [], ...batch });
      await storage.close();
      const again = life.process();
      same(await again.open(), { ...EMPTY, ...expected });
      await again.close();
    });
  };

  check('is empty at first', [], {});
  check('keeps term and vote', [{ hardState: VOTE }, { entries: entries(1, 1, 2) }], {
    hardState: VOTE,
    entries: entries(1, 1, 2),
  });
  check('keeps the last of several votes', [{ hardState: { term: 6, votedFor: 'a' } }, { hardState: VOTE }], {
    hardState: VOTE,
  });
  check(
    'keeps entries byte by byte',
    [{ hardState: VOTE, entries: [entry(1, 1, Buffer.from([0, 255, 1, 0])), NOOP] }],
    { hardState: VOTE, entries: [entry(1, 1, Buffer.from([0, 255, 1, 0])), NOOP] },
  );
  check('appends', [at(VOTE, entries(1, 1, 3)), { truncateAfter: 3, entries: entries(2, 4, 2) }], {
    hardState: VOTE,
    entries: [...entries(1, 1, 3), ...entries(2, 4, 2)],
  });
  check(
    'replaces a suffix with a shorter one',
    [at(VOTE, entries(1, 1, 10)), { truncateAfter: 4, entries: entries(2, 5, 2) }],
    { hardState: VOTE, entries: [...entries(1, 1, 4), ...entries(2, 5, 2)] },
  );
  check('cuts a suffix', [at(VOTE, entries(1, 1, 10)), { truncateAfter: 4 }], {
    hardState: VOTE,
    entries: entries(1, 1, 4),
  });
  check(
    'goes on after a cut',
    [at(VOTE, entries(1, 1, 10)), { truncateAfter: 4 }, { truncateAfter: 4, entries: entries(3, 5, 1) }],
    { hardState: VOTE, entries: [...entries(1, 1, 4), ...entries(3, 5, 1)] },
  );
  check(
    'keeps a snapshot and drops a prefix',
    [at(VOTE, entries(1, 1, 10)), { snapshot: snapshot(8), base: point(6) }],
    {
      hardState: VOTE,
      snapshot: snapshot(8),
      base: point(6),
      entries: entries(1, 7, 4),
    },
  );
  check(
    'replaces a snapshot with a smaller one',
    [
      at(VOTE, entries(1, 1, 10)),
      { snapshot: snapshot(4, 5 << 20), base: point(2) },
      { snapshot: snapshot(9, 7), base: point(9) },
    ],
    { hardState: VOTE, snapshot: snapshot(9, 7), base: point(9), entries: entries(1, 10, 1) },
  );
  check(
    'keeps who was a member with the snapshot, and changes of it in the log',
    [
      at(VOTE, [...entries(1, 1, 1), { ...NOOP, kind: 'config', data: Buffer.from([1, 2]) }]),
      { snapshot: { ...snapshot(1), configuration: MEMBERS }, base: point(1) },
    ],
    {
      hardState: VOTE,
      snapshot: { ...snapshot(1), configuration: MEMBERS },
      base: point(1),
      entries: [{ ...NOOP, kind: 'config', data: Buffer.from([1, 2]) }],
    },
  );
  check('keeps an empty snapshot', [at(VOTE, entries(1, 1, 2)), { snapshot: snapshot(2, 0), base: point(2) }], {
    hardState: VOTE,
    snapshot: snapshot(2, 0),
    base: point(2),
  });
  check(
    'replaces the whole log by a snapshot from afar',
    [at(VOTE, entries(1, 1, 10)), { truncateAfter: 100, snapshot: snapshot(100), base: point(100) }],
    { hardState: VOTE, snapshot: snapshot(100), base: point(100) },
  );
  check(
    'replaces the whole log, longer than the snapshot, and goes on, in one batch',
    [
      at(VOTE, entries(1, 1, 10)),
      { truncateAfter: 5, snapshot: snapshot(7), base: point(7), entries: entries(2, 8, 1) },
      { truncateAfter: 8, entries: entries(2, 9, 2) },
    ],
    { hardState: VOTE, snapshot: snapshot(7), base: point(7), entries: entries(2, 8, 3) },
  );
  check(
    'drops prefixes again and again',
    [
      at(VOTE, entries(1, 1, 10)),
      { snapshot: snapshot(5), base: point(5) },
      { truncateAfter: 10, entries: entries(1, 11, 5) },
      { snapshot: snapshot(12), base: point(12) },
    ],
    { hardState: VOTE, snapshot: snapshot(12), base: point(12), entries: entries(1, 13, 3) },
  );

  it('can be closed twice, and refuses to write when closed', async () => {
    const storage = (await open()).process();
    await storage.open();
    await storage.close();
    await storage.close();
    const refused = await storage.write({ entries: [] }).then(
      () => 'written',
      (error: { code?: string }) => error.code,
    );
    if (refused !== 'STORAGE') throw new Error(`expected STORAGE, got ${String(refused)}`);
  });
}

const VOTE: HardState = { term: 7, votedFor: 'b' };
const EMPTY: Recovered = {
  hardState: { term: 0, votedFor: undefined },
  base: { index: 0, term: 0 },
  entries: [],
  snapshot: undefined,
};
const MEMBERS: Configuration = {
  index: 1,
  voters: ['a', 'b'],
  outgoing: ['a'],
  learners: ['c'],
  addresses: { a: 'a:1', b: 'b:1', c: 'c:1' },
};
const NOOP: Entry = { index: 2, term: 2, kind: 'noop', data: Buffer.alloc(0) };

function entry(term: number, index: number, data: Buffer): Entry {
  return { index, term, kind: 'data', data };
}

function entries(term: number, from: number, count: number): Entry[] {
  return Array.from({ length: count }, (_, i) => entry(term, from + i, Buffer.from(`${term}.${from + i}`)));
}

function at(hardState: HardState, list: Entry[]): Partial<WriteBatch> {
  return { hardState, entries: list };
}

function point(index: number): { index: number; term: number } {
  return { index, term: 1 };
}

function snapshot(index: number, bytes = 100): Snapshot {
  return { ...point(index), data: Buffer.alloc(bytes, `snapshot ${index} `) };
}

function same(found: Recovered, expected: Recovered): void {
  const [a, b] = [show(found), show(expected)];
  if (a !== b) throw new Error(`recovered\n${a}\nexpected\n${b}`);
}

function show({ hardState, base, entries: list, snapshot: image }: Recovered): string {
  return [
    `term ${hardState.term} vote ${hardState.votedFor ?? '-'}`,
    `base ${base.index}/${base.term}`,
    ...list.map(({ index, term, kind, data }) => `${index}/${term} ${kind} ${data.toString('hex')}`),
    image === undefined
      ? 'no snapshot'
      : `snapshot ${image.index}/${image.term} ${image.data.length} B ${digest(image.data)}`,
    `members ${JSON.stringify(image?.configuration ?? null)}`,
  ].join('\n');
}

function digest(data: Buffer): number {
  let sum = 0;
  for (const byte of data) sum = (Math.imul(sum, 31) + byte) | 0;
  return sum;
}
