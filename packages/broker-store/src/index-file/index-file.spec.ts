import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeHost, silentLog, type Files } from '@batonmq/host';
import { IndexFile } from './index-file';

let directory: string;
beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'index-file-'))));
afterEach(() => rmSync(directory, { recursive: true }));

/** Files whose syncs end when they are told to. */
function slowFiles(): { files: Files; endSync: () => void } {
  const { files } = nodeHost(silentLog);
  const waiting: (() => void)[] = [];
  const open: Files['open'] = (path, mode) =>
    Object.assign(Object.create(files.open(path, mode)) as ReturnType<Files['open']>, {
      datasync: () => new Promise<void>((resolve) => waiting.push(resolve)),
    });
  const endSync = (): void => waiting.splice(0).forEach((resolve) => resolve());
  return { files: Object.assign(Object.create(files) as Files, { open }), endSync };
}

/** Found by the crash simulation (seed 1001606). */
it('a cut while the slots are being synced is not forgotten when that ends', async () => {
  const { files, endSync } = slowFiles();
  const file = new IndexFile(files, join(directory, '20260101000000000'), 1, 10);
  const found = (hash: number): number[] => {
    const places: number[] = [];
    file.query(hash, 0, 2 ** 50, (phy) => places.push(phy) > 0);
    return places;
  };
  file.create(0, 0);
  [100, 200, 300].forEach((phy, i) => file.put(i + 1, phy, 1_000_000));
  const sealing = file.seal();
  file.cutAbove(200);
  endSync();
  expect(await sealing).toBe(false);
  file.put(4, 200, 1_000_000);
  expect([1, 2, 3, 4].map(found)).toEqual([[100], [], [], [200]]);

  const again = file.seal();
  endSync();
  expect(await again).toBe(true);
  expect([1, 2, 3, 4].map(found)).toEqual([[100], [], [], [200]]);
  file.close();
});
