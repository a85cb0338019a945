import { World } from '@batonmq/simulator';
import { MessageStore } from '../src/index';
import { DeadlyFiles } from './simulation/deadly-files';
import { message, testOptions } from './store-fixture';

const QUEUES = 3;
const MESSAGES = 24;

/** A store on a simulated machine. Simulated time passes while it is waited for. */
class Life {
  readonly world: World;
  readonly machine;
  store!: MessageStore;
  operationsLeft = Infinity;

  constructor(
    seed: number,
    private readonly mappedFileSizeCommitLog: number,
  ) {
    this.world = new World({ seed, startWallMs: 1_767_225_600_000 });
    this.machine = this.world.machine('m');
  }

  async open(): Promise<void> {
    const host = this.machine.boot();
    const files = new DeadlyFiles(host.files, () => {
      if (--this.operationsLeft === 0) this.machine.kill();
    });
    this.store = new MessageStore(
      { ...host, files },
      testOptions('/store', {
        flushDiskType: 'SYNC_FLUSH',
        enableControllerMode: true,
        mappedFileSizeCommitLog: this.mappedFileSizeCommitLog,
        flushConsumeQueueThoroughInterval: 1000,
      }),
    );
    await this.until(this.store.load());
    await this.until(this.store.start());
  }

  /** @returns false when the process died */
  async until(work: Promise<unknown>): Promise<boolean> {
    let done = false;
    let failure: unknown;
    work.then(
      () => (done = true),
      (error: unknown) => {
        done = true;
        failure = error;
      },
    );
    await this.run(600_000, () => done || !this.machine.running);
    if (!this.machine.running) return false;
    if (failure !== undefined) throw failure as Error;
    return true;
  }

  async run(ms: number, until: () => boolean = () => false): Promise<void> {
    try {
      await this.world.run(ms, until);
    } catch (error) {
      if (this.machine.running) throw error;
    }
  }

  /** All that is there is confirmed, dispatched and on the disk. */
  async confirmAndSync(): Promise<void> {
    this.store.log.setConfirmOffset(this.store.log.maxOffset());
    await this.run(5000);
  }

  /** @returns where it begins */
  async put(queueId: number, body: string): Promise<number> {
    const result = this.store.put(message('T', queueId, body));
    await this.until(this.store.whenDurable(result.endOffset));
    return result.physicalOffset;
  }
}

/**
 * Found by the crash simulation: a process that is killed while it cuts leaves queue files cut or removed, unsynced. The next
 * one cut the log again, further back, and gave the place to other records; then a power loss brought back a unit of what had
 * been there first. It reached far into the new records, and they counted as confirmed.
 */
describe.each([
  ['has nothing left', false],
  ['keeps what is below where recovery begins', true],
])('units that a broken-off cut has removed confirm nothing, in a queue that %s', (_name, withOld) => {
  it.each([1, 2, 3, 4, 5, 6])('drawn by seed %i', async (seed) => {
    for (let at = 1, struck = true; struck; at++) {
      const life = new Life(seed * 1000 + at, withOld ? 1024 : 65_536);
      await life.open();
      const places: number[] = [];
      for (let i = 0; i < MESSAGES; i++) {
        const isOfLast = i === MESSAGES - 1 || (withOld && i === 0);
        places.push(await life.put(isOfLast ? QUEUES : i % QUEUES, `m${i}`));
        // Recovery is to begin behind the first log file.
        if (i === MESSAGES - 10) await life.confirmAndSync();
      }
      await life.confirmAndSync();
      life.operationsLeft = at;
      struck = !(await life.until(life.store.log.truncate(places[MESSAGES - 1] as number)));
      life.operationsLeft = Infinity;
      if (struck) await life.open();
      const confirmed = places[MESSAGES - 3] as number;
      await life.until(life.store.log.truncate(confirmed));
      for (const body of ['n0', 'n1']) await life.put(0, body);
      life.machine.crash();
      await life.open();
      const { log } = life.store;
      expect([at, Math.max(confirmed, log.confirmOffset())]).toEqual([at, confirmed]);
      await life.until(life.store.stop());
    }
  });
});
