#!/usr/bin/env node
// For whoever operates a group: looks at the storage of a node that does not run, restores a snapshot into an empty one,
// makes the survivor of a lost majority the only member.
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { nodeHost, silentLog } from '@batonmq/host';
import raft from '../dist/index.js';

const USAGE = `batonmq-raft inspect <directory>
batonmq-raft restore <snapshot file> <empty directory> --group <name>
batonmq-raft force-new-cluster <directory> --id <node> --address <host:port> --accept-data-loss
`;

const commands = {
  inspect: async ([directory]) => {
    const storage = new raft.LevelStorage(resolve(directory), { mustExist: true });
    const { hardState, base, entries, snapshot } = await storage.open();
    await storage.close();
    const last = entries[entries.length - 1] ?? base;
    return {
      ...hardState,
      logAfter: base.index,
      lastIndex: last.index,
      lastTerm: last.term,
      snapshot: snapshot?.index,
    };
  },
  restore: async ([file, directory], { group }) => {
    const image = raft.readSnapshotFile(nodeHost(silentLog).files, resolve(file));
    await raft.restoreSnapshot(new raft.LevelStorage(resolve(directory)), image, group);
    return { group: image.group, index: image.index, term: image.term, bytes: image.data.length };
  },
  'force-new-cluster': async ([directory], { id, address, 'accept-data-loss': dataMayBeLost }) => {
    const storage = new raft.LevelStorage(resolve(directory), { mustExist: true });
    const { warnings, ...forced } = await raft.forceNewCluster(storage, { id, address }, { dataMayBeLost });
    for (const warning of warnings) process.stderr.write(`warning: ${warning}\n`);
    return forced;
  },
};
const needed = { inspect: [1], restore: [2, 'group'], 'force-new-cluster': [1, 'id', 'address'] };

try {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      group: { type: 'string' },
      id: { type: 'string' },
      address: { type: 'string' },
      'accept-data-loss': { type: 'boolean', default: false },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    process.exit(0);
  }
  const [name, ...rest] = positionals;
  const [count, ...flags] = needed[name] ?? [];
  if (rest.length !== count || flags.some((flag) => values[flag] === undefined)) {
    process.stderr.write(USAGE);
    process.exit(2);
  }
  process.stdout.write(`${JSON.stringify(await commands[name](rest, values))}\n`);
} catch (error) {
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
