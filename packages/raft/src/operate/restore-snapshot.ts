import { RaftError } from '../errors';
import type { RaftStorage } from '../storage/storage';
import type { GroupImage } from './snapshot-file';

/**
 * Fills the empty storage of a node that does not run, so that it begins with `image`. Do so for each founder of the new
 * group, from the same file; the members the image knew are forgotten: the `peers` of the nodes found the group anew.
 * @throws RaftError CONFIG when the storage is not empty or the image is of another group
 */
export async function restoreSnapshot(storage: RaftStorage, image: GroupImage, group: string): Promise<void> {
  if (image.group !== group) throw new RaftError('CONFIG', `the snapshot is of group ${image.group}, not ${group}`);
  const { index, term, data } = image;
  const found = await storage.open();
  try {
    const { hardState, entries, snapshot } = found;
    if (hardState.term > 0 || entries.length > 0 || snapshot !== undefined) {
      throw new RaftError('CONFIG', 'the storage is not empty', { hint: 'restore into a new directory' });
    }
    await storage.write({
      hardState: { term, votedFor: undefined },
      entries: [],
      base: { index, term },
      snapshot: { index, term, data },
    });
  } finally {
    await storage.close();
  }
}
