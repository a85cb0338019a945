import * as fc from 'fast-check';
import { nodeHost, silentLog } from '@batonmq/host';
import { bodiesOf } from './check-store';
import { MemoryDisk } from './memory-disk';
import { Fixture, message } from './store-fixture';

const FILE = 4096;
const OPTIONS = { mappedFileSizeCommitLog: FILE };
const TOPICS = ['A', `%RETRY%${'g'.repeat(150)}`, 'SCHEDULE_TOPIC_XXXX'];

interface Put {
  readonly topic: string;
  readonly body: string;
  readonly end: number;
}

/** The log that these puts make, file by file. */
async function written(puts: readonly (readonly [topic: number, bytes: number])[]): Promise<[Buffer[], Put[]]> {
  const disk = new MemoryDisk();
  const f = await Fixture.open('/store', OPTIONS, { ...nodeHost(silentLog), files: disk.boot() });
  const list: Put[] = [];
  for (const [at, bytes] of puts) {
    const topic = TOPICS[at] as string;
    const body = `${list.length}:${'b'.repeat(bytes)}`;
    const properties = topic.startsWith('SCHEDULE') ? 'DELAY\u00013\u0002KEYS\u0001k\u0002' : 'TAGS\u0001t\u0002';
    list.push({ topic, body, end: await f.put(message(topic, 0, body, { properties })) });
  }
  await f.store.stop();
  const paths = disk.paths().filter((path) => path.startsWith('/store/commitlog/'));
  return [paths.map((path) => disk.content(path) as Buffer), list];
}

/** A directory with nothing but the first `bytes` of the log; `zeros`: its last file has full length. */
function prefixOf(files: readonly Buffer[], bytes: number, zeros: boolean): MemoryDisk {
  const disk = new MemoryDisk();
  files.forEach((content, index) => {
    const count = Math.min(FILE, bytes - index * FILE);
    if (count <= 0) return;
    const part = Buffer.alloc(zeros ? FILE : count);
    content.copy(part, 0, 0, count);
    disk.set(`/store/commitlog/${String(index * FILE).padStart(20, '0')}`, part);
  });
  return disk;
}

it('any prefix of a commit log recovers to a valid store', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.tuple(fc.nat(2), fc.oneof(fc.nat(120), fc.nat(3000))), { minLength: 1, maxLength: 25 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      fc.boolean(),
      fc.boolean(),
      async (puts, part, zeros, crashed) => {
        const [files, list] = await written(puts);
        const end = (list.at(-1) as Put).end;
        const bytes = Math.floor(part * end);
        const disk = prefixOf(files, bytes, zeros);
        if (crashed) disk.set('/store/abort', Buffer.from('1'));
        const f = await Fixture.open('/store', OPTIONS, { ...nodeHost(silentLog), files: disk.boot() });
        const whole = list.filter((each) => each.end <= bytes);
        for (const topic of TOPICS) {
          const wanted = whole.filter((each) => each.topic === topic).map((each) => each.body);
          expect(bodiesOf(f.store, topic, 0)).toEqual(wanted);
          expect(f.store.put(message(topic, 0, 'new')).queueOffset).toBe(wanted.length);
        }
        await f.store.stop();
      },
    ),
    { numRuns: 150 },
  );
}, 60_000);
