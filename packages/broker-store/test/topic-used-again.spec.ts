import { nodeHost, silentLog } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { MemoryDisk } from './memory-disk';
import { Fixture, message } from './store-fixture';

const CONTROLLED = { enableControllerMode: true };

function openOn(disk: MemoryDisk, root: string, more: object = CONTROLLED): Promise<Fixture> {
  return Fixture.open(root, more, { ...nodeHost(silentLog), files: disk.boot() });
}

/** All that the log of one has behind the other's end goes there, as replication brings it. */
function replicate(from: Fixture, to: Fixture): void {
  for (let at = Math.max(0, to.store.log.maxOffset()); at < from.store.log.maxOffset();) {
    const bytes = from.store.log.read(at, 1 << 20) as Buffer;
    to.store.log.append(at, bytes);
    at += bytes.length;
  }
}

async function show(f: Fixture, upTo = f.store.log.maxOffset()): Promise<void> {
  f.store.log.setConfirmOffset(upTo);
  await f.store.whenDispatched(upTo);
}

/** A topic that its master deletes and uses again; the replica, where nobody deletes it, becomes master then. */
async function promoted(oldVisible: number, old: number, fresh: number): Promise<{ f: Fixture; ends: number[] }> {
  const disk = new MemoryDisk();
  const master = await openOn(disk, '/master');
  const replica = await openOn(disk, '/replica');
  const ends: number[] = [];
  for (let i = 0; i < old; i++) ends.push(await master.put(message('T', 0, `old${i}`)));
  replicate(master, replica);
  if (oldVisible > 0) await show(replica, ends[oldVisible - 1]);
  master.store.deleteTopic('T');
  for (let i = 0; i < fresh; i++) ends.push(await master.put(message('T', 0, `new${i}`)));
  replicate(master, replica);
  await master.store.stop();
  replica.store.log.rebuildQueueOffsets();
  return { f: replica, ends };
}

/** Found by the crash simulation. */
describe('a topic that was deleted and is used again', () => {
  it('no offset is given twice when the old messages go out of sight under a new master', async () => {
    const { f, ends } = await promoted(3, 3, 1);
    const put = (body: string): number => f.store.put(message('T', 0, body)).queueOffset;
    expect([put('new1'), put('new2')]).toEqual([1, 2]);
    await show(f, ends[3]);
    expect(put('new3')).toBe(3);
    await show(f);
    expect(bodiesOf(f.store, 'T', 0)).toEqual(['new0', 'new1', 'new2', 'new3']);
    await f.store.stop();
  });

  it('no offset is left out when old messages come into sight under a new master', async () => {
    const { f, ends } = await promoted(1, 3, 1);
    await show(f, ends[2]);
    expect(bodiesOf(f.store, 'T', 0)).toEqual(['old0', 'old1', 'old2']);
    expect(f.store.put(message('T', 0, 'new1')).queueOffset).toBe(1);
    await show(f);
    expect(bodiesOf(f.store, 'T', 0)).toEqual(['new0', 'new1']);
    await f.store.stop();
  });

  it('after a restart it goes on behind all that the log still has of it, in sight or not', async () => {
    const disk = new MemoryDisk();
    const f = await openOn(disk, '/store');
    const ends: number[] = [];
    for (let i = 0; i < 3; i++) ends.push(await f.put(message('T', 0, `old${i}`)));
    await show(f, ends[0]);
    f.store.deleteTopic('T');
    await f.kill();
    disk.kill();
    const again = await openOn(disk, '/store');
    expect(again.store.maxOffsetInQueue('T', 0)).toBe(1);
    expect(again.store.put(message('T', 0, 'new')).queueOffset).toBe(3);
    await show(again);
    expect(bodiesOf(again.store, 'T', 0)).toEqual(['old0', 'old1', 'old2', 'new']);
    await again.store.stop();
  });

  it('batch queues begin anew as well', async () => {
    const disk = new MemoryDisk();
    const batched = { ...CONTROLLED, isBatchTopic: (): boolean => true };
    const master = await openOn(disk, '/master', batched);
    const replica = await openOn(disk, '/replica', batched);
    for (let i = 0; i < 3; i++) await master.put(message('T', 0, `old${i}`));
    replicate(master, replica);
    await show(replica);
    master.store.deleteTopic('T');
    for (let i = 0; i < 2; i++) await master.put(message('T', 0, `new${i}`));
    replicate(master, replica);
    await show(replica);
    expect(replica.store.maxOffsetInQueue('T', 0)).toBe(2);
    replica.store.log.rebuildQueueOffsets();
    expect(replica.store.put(message('T', 0, 'new2')).queueOffset).toBe(2);
    await master.store.stop();
    await replica.store.stop();
  });
});

/**
 * Found by the crash simulation: a power loss undid the removal of queues that no cut saw, and their units of the cut history
 * counted as confirmed.
 */
it.each(Array.from({ length: 8 }, (_, index) => index))(
  'a deleted topic does not come back behind a cut of the log (%d)',
  async (seed) => {
    const disk = new MemoryDisk();
    const f = await openOn(disk, '/store');
    const first = await f.put(message('Other', 0, 'kept'));
    for (let i = 0; i < 5; i++) await f.put(message('T', 0, `old${i}`));
    await show(f);
    await f.store.stop();
    const again = await openOn(disk, '/store');
    again.store.deleteTopic('T');
    await again.store.log.truncate(first);
    await again.put(message('Other', 0, 'unconfirmed'), message('Other', 0, 'unconfirmed'));
    await again.store.log.sync();
    await again.kill();
    let state = seed + 1;
    disk.powerLoss(() => (state = (state * 48_271) % 0x7fff_ffff) / 0x7fff_ffff);
    const third = await openOn(disk, '/store');
    expect(third.store.log.confirmOffset()).toBe(first);
    expect(bodiesOf(third.store, 'Other', 0)).toEqual(['kept']);
    expect(third.store.maxOffsetInQueue('T', 0)).toBe(0);
    await third.store.stop();
  },
);
