import type { Files, Logger } from '@batonmq/host';
import { StoreError } from './errors';

const ROCKSDB_FILE = /^(CURRENT|LOCK|IDENTITY|MANIFEST-.*|OPTIONS-.*|.*\.sst)$/;
/** Directories of features that are not there yet: their presence is told, what they hold is left alone. */
const IGNORED = ['compaction', 'kvStore', 'rocksdbstore'];

/**
 * Refuses a directory with data that this store does not read, instead of starting beside it.
 * @throws StoreError STORE_UNSUPPORTED naming the place
 */
export function refuseForeignStores(files: Files, root: string, log: Logger): void {
  const rocks = files
    .list(`${root}/consumequeue`)
    .find((name) => ROCKSDB_FILE.test(name) && isFile(files, `${root}/consumequeue/${name}`));
  if (rocks !== undefined)
    refuse(`${root}/consumequeue/${rocks}`, 'consume queues in RocksDB (storeType=defaultRocksDB)');
  for (const name of ['rdb', 'topics', 'subscriptionGroups', 'consumerOffsets']) {
    if (isDirectory(files, `${root}/config/${name}`)) refuse(`${root}/config/${name}`, 'configuration in RocksDB');
  }
  const ledger = files.list(root).find((name) => name.startsWith('dledger-'));
  if (ledger !== undefined) refuse(`${root}/${ledger}`, 'a DLedger log');
  for (const name of IGNORED) {
    if (files.stat(`${root}/${name}`) !== undefined)
      log.warn({ path: `${root}/${name}` }, 'not used by this store; left alone');
  }
}

function refuse(path: string, what: string): never {
  throw new StoreError('STORE_UNSUPPORTED', `${path}: ${what} cannot be read by this store`, {
    hint: 'move the directory away, or start with the broker that wrote it',
  });
}

function isFile(files: Files, path: string): boolean {
  return files.stat(path)?.kind === 'file';
}

function isDirectory(files: Files, path: string): boolean {
  return files.stat(path)?.kind === 'directory';
}
