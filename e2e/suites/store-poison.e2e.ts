import { writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { reportFigures } from '../harness/figures';
import { removeTemporaryDirectory, temporaryDirectory } from '../harness/paths';
import { runStore, type StoreMake } from '../harness/store-drivers';
import { planText, StorePlanBuilder } from '../harness/store-plan';
import { interopSuite } from './interop-suite';

const LIMIT_MS = 240_000;
const SETTINGS = { mappedFileSizeCommitLog: String(1 << 20), maxHashSlotNum: '100', maxIndexNum: '400' };
const BEFORE = 5;
const BEHIND = 20;

/** What Java's store acknowledged and then loses or misplaces by itself (known losses tried with 5.4.0): the same input here. */
interopSuite('input and leftovers that cost acknowledged messages in the Java store 5.4.0', ['jdk', 'maven'], () => {
  let directory: string;
  let stores = 0;

  beforeAll(async () => {
    directory = await temporaryDirectory('poison');
  });
  afterAll(() => removeTemporaryDirectory(directory), 60_000);

  /** Messages that were acknowledged and are not in their queues after a kill and a restart. */
  const lostBy = async (make: StoreMake, plan: string, more = {}): Promise<{ acknowledged: number; lost: number }> => {
    const store = join(directory, `${make}-${++stores}`);
    const settings = { ...SETTINGS, ...more };
    const written = await runStore(make, { store, plan, settings, end: 'kill' }, directory);
    const acks = written.filter(({ event, status }) => event === 'ack' && status === 'PUT_OK');
    const copy = `${store}-again`;
    await cp(store, copy, { recursive: true });
    const seen = await runStore(make, { store: copy, plan: 'dump\n', settings, end: 'kill' }, directory);
    const places = new Set(seen.filter(({ event }) => event === 'message').map(({ offset }) => offset));
    return { acknowledged: acks.length, lost: acks.filter(({ offset }) => !places.has(offset)).length };
  };

  it(
    'poison-property: a batch whose message claims to be an inner batch, with text for numbers',
    async () => {
      const plan = planText({ steps: new StorePlanBuilder(5).poisoned(BEFORE, BEHIND) });
      const java = await lostBy('store-5.4.0', plan);
      const ours = await lostBy('ours', plan);
      reportFigures('store-poison', { java, ours });
      expect(ours).toEqual({ acknowledged: BEFORE + 1 + BEHIND, lost: 0 });
      // recovery cuts the log at the poison: that is what makes it one
      expect(java).toEqual({ acknowledged: BEFORE + 1 + BEHIND, lost: BEHIND + 1 });
    },
    LIMIT_MS,
  );

  it(
    'record-larger-than-file: a message that fits into no file of the log',
    async () => {
      const plan = planText({ steps: new StorePlanBuilder(6).ordinaryIn('golden-large', 1, 100_000) });
      const small = { mappedFileSizeCommitLog: String(64 << 10) };
      expect(await lostBy('store-5.4.0', plan, small)).toEqual({ acknowledged: 1, lost: 1 });
      expect(await lostBy('ours', plan, small)).toEqual({ acknowledged: 0, lost: 0 });
    },
    LIMIT_MS,
  );

  it(
    'zero-queue-file: a queue file that was made and never written to',
    async () => {
      const units = 50;
      const settings = { ...SETTINGS, mappedFileSizeConsumeQueue: String(units * 20) };
      const plan = planText({ steps: new StorePlanBuilder(7).ordinaryIn('golden-zero', units, 10) });
      const maxOf = async (make: StoreMake): Promise<unknown> => {
        const store = join(directory, `${make}-${++stores}`);
        await runStore(make, { store, plan, settings }, directory);
        const files = join(store, 'consumequeue', 'golden-zero', '0');
        writeFileSync(join(files, String(units * 20).padStart(20, '0')), Buffer.alloc(units * 20));
        const question = 'queue\tgolden-zero\t0\n';
        const seen = await runStore(make, { store, plan: question, settings, end: 'kill' }, directory);
        return seen.find(({ event }) => event === 'queue')?.['max'];
      };
      expect(await maxOf('ours')).toBe(units);
      expect(await maxOf('store-5.4.0')).toBe(units + 1);
    },
    LIMIT_MS,
  );
});
