import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StoreOptions } from '../src/index';
import { Fixture, hostOfBoot, message, removeTempRoots, tempRoot } from './store-fixture';

afterAll(removeTempRoots);

async function lostAfter(
  root: string,
  bootId: string | undefined,
  more: Partial<StoreOptions> = {},
  then?: (fixture: Fixture) => void,
): Promise<boolean> {
  const fixture = await Fixture.open(root, more, hostOfBoot(bootId));
  const lost = fixture.store.log.unsyncedTailLost();
  await fixture.put(message('T', 0, 'm'));
  then?.(fixture);
  await fixture.kill();
  return lost;
}

/** Known-losses: lazy-flush. Whoever may have lost the end of its log knows it, and goes on knowing until it has said so. */
describe('after a kill', () => {
  it('a new directory has lost nothing', async () => {
    expect(await lostAfter(tempRoot(), 'a')).toBe(false);
  });

  it('nothing is lost while the machine runs on', async () => {
    const root = tempRoot();
    await lostAfter(root, 'a');
    expect(await lostAfter(root, 'a')).toBe(false);
  });

  it('the tail may be lost when the machine was started anew, until that has been told', async () => {
    const root = tempRoot();
    await lostAfter(root, 'a');
    expect(await lostAfter(root, 'b')).toBe(true);
    expect(await lostAfter(root, 'b', {}, ({ store }) => store.log.forgetLostTail())).toBe(true);
    expect(await lostAfter(root, 'b')).toBe(false);
  });

  it('a system that does not tell is not trusted', async () => {
    const root = tempRoot();
    await lostAfter(root, undefined);
    expect(await lostAfter(root, undefined)).toBe(true);
  });

  it('with SYNC_FLUSH everything acknowledged is on the disk', async () => {
    const root = tempRoot();
    await lostAfter(root, 'a', { flushDiskType: 'SYNC_FLUSH' });
    expect(await lostAfter(root, 'b')).toBe(false);
    expect(await lostAfter(root, 'c', { flushDiskType: 'SYNC_FLUSH' })).toBe(true);
  });

  it('what a Java broker left is in doubt', async () => {
    const root = tempRoot();
    await lostAfter(root, 'a');
    writeFileSync(join(root, 'abort'), '4711');
    expect(await lostAfter(root, 'a')).toBe(true);
  });
});

it('a clean stop leaves no doubt, on whatever machine the directory is opened next', async () => {
  const root = tempRoot();
  const fixture = await Fixture.open(root, {}, hostOfBoot('a'));
  await fixture.put(message('T', 0, 'm'));
  expect(readFileSync(join(root, 'abort'), 'latin1')).toMatch(/^\d+\na\nASYNC_FLUSH\nwritten \d{16} a [0-9a-f]{8}\n$/);
  await fixture.store.stop();
  expect(await lostAfter(root, 'b')).toBe(false);
});
