import { Fixture, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

/**
 * Found by the whole-cluster simulation: acks of half a message put the confirm offset inside it; the new master had cut
 * the half off, and its slaves refused it for ever because "confirmed messages would be cut".
 */
it('what is confirmed ends with a whole record', async () => {
  const master = await Fixture.open(tempRoot());
  const ends = ['one', 'two', 'three'].map((body) => master.store.put(message('T', 0, body)).endOffset);
  await master.store.whenDurable(ends[2] as number);
  const bytes = master.store.log.read(0, ends[2] as number) as Buffer;
  const replica = await Fixture.open(tempRoot(), { enableControllerMode: true });
  const { log } = replica.store;
  log.append(0, bytes.subarray(0, (ends[1] as number) + 40));
  const confirmedEndAt = (offset: number): number => {
    log.setConfirmOffset(offset);
    return log.confirmedEnd();
  };
  expect(confirmedEndAt(10)).toBe(0);
  expect(confirmedEndAt(ends[0] as number)).toBe(ends[0]);
  expect(confirmedEndAt((ends[1] as number) - 1)).toBe(ends[0]);
  expect(confirmedEndAt((ends[1] as number) + 40)).toBe(ends[1]);
  await replica.store.stop();
  await master.store.stop();
});
