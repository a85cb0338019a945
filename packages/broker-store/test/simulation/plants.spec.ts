import { type Plant, plantedStore } from './mutant';
import { simulate } from './simulation';
import type { Weather } from './weather';

/** Within how many seeds every bug must show. */
const SEEDS = 400;

interface Bug extends Plant {
  readonly name: string;
  /** The rule that catches it, or one of them. */
  readonly caughtBy: RegExp;
  readonly weather?: Partial<Weather>;
  /** What of the store would notice is planted away. */
  readonly also?: Plant;
}

/** One queue, whose topic is deleted now and then. */
const USED_AGAIN: Partial<Weather> = {
  role: 'controlled',
  deletions: true,
  places: { topics: 1, queues: 1 },
  options: { enableControllerMode: true },
};

/** Recovery takes the mark for what it says, without a look at the newest records. */
const believing: Plant = {
  file: 'recovery/written-mark-holds.ts',
  find: 'return end === mark && missing === 0;',
  replace: 'return true;',
};

const bugs: readonly Bug[] = [
  {
    name: 'SYNC_FLUSH promises what is only written',
    file: 'put/writing.ts',
    find: 'return this.sync ? this.flusher.flushed : this.parts.commitLog.writtenEnd;',
    replace: 'return this.parts.commitLog.writtenEnd;',
    caughtBy: /what was promised is there|what was seen is there/,
  },
  {
    name: 'what is written during a sync counts as synced by it',
    file: 'log/log-flusher.ts',
    find: 'this.flushed = Math.max(this.flushed, Math.min(target, this.log.writtenEnd));',
    replace: 'this.flushed = this.log.writtenEnd;',
    caughtBy: /what was promised is there|what was seen is there/,
  },
  {
    name: 'only the newest file is synced',
    file: 'log/commit-log.ts',
    find: `      await this.series.syncFile(start);
    }
  }`,
    replace: `      if (start === this.series.last) await this.series.syncFile(start);
    }
  }`,
    caughtBy: /what was promised is there|what was seen is there/,
  },
  {
    name: 'the name of a new log file is not synced',
    file: 'log/commit-log.ts',
    find: '      this.files.syncDir(directory);',
    replace: '',
    caughtBy: /what was promised is there|what was seen is there/,
  },
  {
    name: 'a failed sync is forgotten',
    file: 'log/log-flusher.ts',
    find: "this.log.fail('syncing the commit log failed', cause);",
    replace: 'void cause; this.flushed = target;',
    caughtBy: /what was promised is there|what was seen is there/,
    weather: { faults: true, powerLosses: 1 },
  },
  {
    name: 'after a failed sync the page cache is believed',
    file: 'log/log-repair.ts',
    find: '    log.series.write(bytes, 0, bytes.length, at);',
    replace: '',
    caughtBy: /what was promised is there|what was seen is there/,
    // Pages that a later write makes dirty again hide it, so the log is longer than one.
    weather: {
      role: 'alone',
      faults: true,
      powerLosses: 1,
      options: { enableControllerMode: false, flushDiskType: 'SYNC_FLUSH', mappedFileSizeCommitLog: 65_536 },
    },
  },
  {
    name: 'truncate-then-crash: a cut is not synced',
    file: 'log/commit-log.ts',
    find: `    this.cutInFiles(offset);
    await this.series.sync();`,
    replace: '    this.cutInFiles(offset);',
    caughtBy: /the log ends with a message|log is whole|queue has what the log has|reads stay below/,
  },
  {
    name: 'cut-comes-back: a cut leaves the bytes',
    file: 'file-series.ts',
    find: `    const file = this.file(last);
    file.truncateSync(position - last);`,
    replace: '    const file = this.file(last);',
    caughtBy: /the log ends with a message|log is whole|queue/,
  },
  {
    name: 'shared-queue-offset: next offsets are the ends of the queues',
    file: 'replica-log.ts',
    find: 'queue.nextOffset = nextAfter(header.queueOffset, queue.nextOffset);',
    replace: '',
    caughtBy: /a queue offset is given once/,
  },
  {
    name: 'dispatch goes on above the confirm offset',
    file: 'dispatch/dispatching.ts',
    find: 'dispatcher.run(this.confirmOffset(), DISPATCH_PER_TURN)',
    replace: 'dispatcher.run(Infinity, DISPATCH_PER_TURN)',
    caughtBy: /reads stay below the confirm offset|what was seen is there/,
  },
  {
    name: 'recovery shows everything, confirmed or not',
    file: 'recovery/recover.ts',
    find: 'if (header.physicalOffset + size > confirmed) return;',
    replace: '',
    caughtBy: /reads stay below the confirm offset/,
  },
  {
    name: 'recovery begins where the log is safe but queues are not',
    file: 'checkpoint.ts',
    find: 'Math.min(this.logTimestamp, this.queuesTimestamp) - MARGIN_MS',
    replace: 'this.logTimestamp + MARGIN_MS',
    caughtBy: /queue/,
  },
  {
    name: 'the first undispatched record is passed over',
    file: 'recovery/recover.ts',
    find: 'if (header.physicalOffset >= dispatchFrom)',
    replace: 'if (header.physicalOffset > dispatchFrom + 1)',
    caughtBy: /queue|offset/,
  },
  {
    name: 'the index is not cut with the log',
    file: 'message-store.ts',
    find: '      this.parts.index?.cutAbove(offset);',
    replace: '',
    caughtBy: /index/,
  },
  {
    name: 'times may go back under a new master',
    file: 'message-store.ts',
    find: 'parts.appender.lastTimestamp = Math.max(parts.appender.lastTimestamp, timestamp);',
    replace: 'void timestamp;',
    caughtBy: /times do not go back|queue/,
    weather: { role: 'controlled', options: { enableControllerMode: true } },
  },
  {
    name: 'records are believed without their CRC and their place',
    file: 'recovery/scan-log.ts',
    find: 'return holds && this.textIsWhole() ? found : FOUND.bad;',
    replace: 'return found;',
    caughtBy: /log/,
    weather: { powerLosses: 1 },
  },
  {
    name: 'a queue that begins anew gives its offsets again',
    file: 'queue/consume-queue.ts',
    find: `      this.forgetBeginning();
`,
    replace: `      this.forgetBeginning();
      this.nextOffset = 1;
`,
    caughtBy: /a queue offset is given once/,
    weather: USED_AGAIN,
  },
  {
    name: 'a record at offset 0 does not begin its queue anew',
    file: 'replica-log.ts',
    find: 'return queueOffset === 0 ? count : ',
    replace: 'return ',
    caughtBy: /queue/,
    weather: USED_AGAIN,
  },
  {
    name: 'after a power loss queues count as written, as after a kill',
    file: 'store/written-mark.ts',
    find: 'line === this.line(Number(digits))',
    replace: 'true',
    also: believing,
    caughtBy: /queue|offset/,
    weather: { powerLosses: 1 },
  },
  {
    name: 'queues count as written before they are',
    file: 'store/upkeep.ts',
    find: '    const round = (this.round ??=',
    replace: '    this.tellWritten(dispatcher.position);\n    const round = (this.round ??=',
    also: believing,
    caughtBy: /queue|offset/,
    weather: { powerLosses: 0 },
  },
  {
    name: 'after a cut queues count as written beyond it',
    file: 'message-store.ts',
    find: '      this.claim.noteWritten(-1);',
    replace: '',
    also: believing,
    caughtBy: /queue|offset|log/,
    weather: { powerLosses: 0 },
  },
  {
    name: 'queues that are built again still count as written',
    file: 'recovery/recover.ts',
    find: '    parts.disownMark();',
    replace: '',
    caughtBy: /queue|offset/,
    weather: { powerLosses: 0, deletions: true, steps: 60 },
  },
  {
    name: 'what the killed process wrote to queues counts as synced',
    file: 'recovery/recover.ts',
    find: '  queues.countUnsynced(from);',
    replace: '',
    caughtBy: /queue|offset/,
  },
  {
    name: 'what the killed process wrote to the log counts as synced',
    file: 'recovery/recover.ts',
    find: "  if (way !== 'stopped') for (const start of log.series.starts)",
    replace: "  if (way === 'lost') for (const start of log.series.starts)",
    caughtBy: /what was promised is there|what was seen is there|log is whole/,
  },
  {
    name: 'a place in consumequeue_ext is given again',
    file: 'queue/ext-queue.ts',
    find: '    return this.floor < end ? end : this.series.startOf(this.floor) + fileSize;',
    replace: '    return 0;',
    caughtBy: /tags are what they were/,
    weather: { options: { enableConsumeQueueExt: true } },
  },
  {
    name: 'units read ahead stay after a cut of their queue',
    file: 'read/unit-windows.ts',
    find: 'window.removals === series.removals && ',
    replace: '',
    caughtBy: /queue is an unbroken row|a consumer gets what was put/,
  },
  {
    name: 'parts of the log stay in memory after a cut',
    file: 'message-store.ts',
    find: '      this.reading.reset();\n',
    replace: '',
    caughtBy: /queue is an unbroken row|a consumer gets what was put/,
  },
];

/** Else the look at the newest records could hide that the mark says too much. */
it('how far queues are written is right without another look', async () => {
  const store = plantedStore(believing);
  for (let seed = 1; seed <= SEEDS / 4; seed++) expect((await simulate(seed, store)).why).toBe('');
}, 120_000);

describe('bugs planted in the store', () => {
  it.each(bugs)(
    '$name',
    async ({ caughtBy, weather, also, ...plant }) => {
      const store = plantedStore(plant, ...(also === undefined ? [] : [also]));
      for (let seed = 1; seed <= SEEDS; seed++) {
        const outcome = await simulate(seed, store, weather);
        if (outcome.failed) {
          expect(outcome.why).toMatch(caughtBy);
          return;
        }
      }
      throw new Error(`not caught within ${SEEDS} seeds`);
    },
    120_000,
  );
});
