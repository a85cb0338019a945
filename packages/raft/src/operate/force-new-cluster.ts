import type { Member } from '../core/types';
import { RaftError } from '../errors';
import { encodeConfiguration } from '../proto/configuration';
import type { RaftStorage } from '../storage/storage';

export interface ForcedCluster {
  readonly snapshotIndex: number;
  /** The last entry found; everything up to it will be applied. */
  readonly lastIndex: number;
  readonly lastTerm: number;
  /** The term in which this node became the only member. */
  readonly term: number;
  /** What may be wrong from now on, in words, for whoever asked for it. */
  readonly warnings: readonly string[];
}

/**
 * The last resort when a majority of a group is gone for ever: makes the node of this storage, which does not run, the
 * only member, so that it leads alone; others are added afterwards, on empty disks. Nothing in its log is taken back.
 * Choose the survivor with the highest `lastTerm`, then the highest `lastIndex`.
 * @param accept must say that data may be lost; there is no default
 * @throws RaftError CONFIG without that, or when the storage is empty; CORRUPT, LOCKED, STORAGE
 */
export async function forceNewCluster(
  storage: RaftStorage,
  self: Member,
  accept: { readonly dataMayBeLost: true },
): Promise<ForcedCluster> {
  if ((accept as { dataMayBeLost?: unknown } | undefined)?.dataMayBeLost !== true) {
    const hint = 'entries that only the lost members had are gone; say { dataMayBeLost: true } to accept that';
    throw new RaftError('CONFIG', 'a forced new cluster may lose data', { hint });
  }
  const { hardState, base, entries, snapshot } = await storage.open();
  try {
    if (hardState.term === 0) throw new RaftError('CONFIG', 'the storage is empty: there is nothing to save');
    const last = entries[entries.length - 1] ?? base;
    const term = hardState.term + 1;
    const index = last.index + 1;
    const { id, address } = self;
    const alone = { index, voters: [id], outgoing: [], learners: [], addresses: { [id]: address } };
    await storage.write({
      hardState: { term, votedFor: id },
      truncateAfter: last.index,
      entries: [{ index, term, kind: 'config', data: encodeConfiguration(alone) }],
    });
    const snapshotIndex = snapshot?.index ?? 0;
    return { snapshotIndex, lastIndex: last.index, lastTerm: last.term, term, warnings: warningsOf(id, last.index) };
  } finally {
    await storage.close();
  }
}

function warningsOf(id: string, lastIndex: number): string[] {
  return [
    `what was acknowledged after entry ${lastIndex}, where the log of ${id} ends, is lost`,
    `entries up to ${lastIndex} that no majority had count from now on, though nobody was told that they would`,
    'the former members must never start again with their old disks: they would be a second group of the same name',
  ];
}
