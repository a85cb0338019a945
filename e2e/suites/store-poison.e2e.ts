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

/** What Java's store acknowledged and then loses by itself (store-format.md 19 A1, tried there): the same input here. */
interopSuite('input that costs acknowledged messages in the Java store 5.4.0', ['jdk', 'maven'], () => {
  let directory: string;

  beforeAll(async () => {
    directory = await temporaryDirectory('poison');
  });
  afterAll(() => removeTemporaryDirectory(directory), 60_000);

  /** Messages that were acknowledged and are not in their queues after a kill and a restart. */
  const lostBy = async (make: StoreMake, plan: string): Promise<{ acknowledged: number; lost: number }> => {
    const store = join(directory, make);
    const written = await runStore(make, { store, plan, settings: SETTINGS, end: 'kill' }, directory);
    const acks = written.filter(({ event, status }) => event === 'ack' && status === 'PUT_OK');
    const copy = join(directory, `${make}-again`);
    await cp(store, copy, { recursive: true });
    const seen = await runStore(make, { store: copy, plan: 'dump\n', settings: SETTINGS, end: 'kill' }, directory);
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
});
