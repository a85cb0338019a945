import type { Host } from '@batonmq/host';
import type { Prng, SimMachine, World } from '@batonmq/simulator';
import type * as production from '../../src/index';
import { testOptions } from '../store-fixture';
import { Broken } from './checks';
import { DeadlyFiles } from './deadly-files';
import { History } from './history';
import { type Weather, drawWeather } from './weather';

/** What of the package is under test: the production code, or a copy with a bug planted. */
export type Store = Pick<typeof production, 'MessageStore' | 'decodeMessage'>;

export type Restart = 'stop' | 'kill' | 'power';

export const ROOT = '/store';
const LIMIT_MS = 600_000;

/** The store under test on its machine, and how both live, fail and die; with the history of what it was given. */
export class Stage {
  readonly weather: Weather;
  readonly counts: Record<string, number> = {
    puts: 0,
    appends: 0,
    cuts: 0,
    stops: 0,
    kills: 0,
    powerLosses: 0,
    faults: 0,
  };
  readonly prng: Prng;
  /** Draws when he reads, and what. */
  readonly consumer: Prng;
  readonly machine: SimMachine;
  readonly history = new History();
  store!: production.MessageStore;
  isMaster = true;
  /** How far the clock of the other master is ahead. */
  skewMs = 0;
  howToDie: Restart = 'kill';
  /** The disk fails. */
  faulty = false;
  /** It did, and the store has not been seen whole since. */
  hadFault = false;
  indexComplete = true;
  /** Records up to here were synced, whatever the flush mode. */
  syncedEnd = 0;
  writtenEnd = 0;
  /**
   * It died between a failed sync of the log and the note of that: the kernel has dropped pages, and nobody can know. What
   * follows proves nothing.
   */
  unnoted = false;
  /** Syncs fail. */
  private losesPages = false;
  /** It is started: its positions mean something. */
  private up = false;
  private operationsLeft = Infinity;

  constructor(
    readonly world: World,
    readonly code: Store,
    seed: number,
    more: Partial<Weather>,
  ) {
    this.machine = world.machine('m');
    this.prng = (world.random as Prng).split('player');
    this.consumer = (world.random as Prng).split('consumer');
    const drawn = drawWeather((world.random as Prng).split(`weather ${seed}`));
    this.weather = { ...drawn, ...more, options: { ...drawn.options, ...more.options } };
    this.machine.disk.writeBackRate = this.weather.writeBackRate;
    this.isMaster = this.weather.role === 'alone' || this.prng.chance(0.4);
  }

  get fileSize(): number {
    return this.weather.options.mappedFileSizeCommitLog as number;
  }

  note(what: string): void {
    this.world.note(what);
  }

  // ---- death ----

  armDeath(): void {
    this.operationsLeft = 1 + this.prng.int(this.prng.chance(0.5) ? 10 : 60);
    this.howToDie = this.prng.chance(this.weather.powerLosses) ? 'power' : 'kill';
  }

  disarm(): void {
    this.operationsLeft = Infinity;
  }

  private readonly strike = (): void => {
    if (--this.operationsLeft > 0) return;
    this.operationsLeft = Infinity;
    this.note(`strikes: ${this.howToDie}`);
    this.die(this.howToDie);
  };

  die(how: Restart): void {
    if (!this.machine.running) return;
    if (this.up) {
      this.writtenEnd = Math.max(this.writtenEnd, this.store.log.writtenOffset());
      this.syncedEnd = Math.max(this.syncedEnd, this.store.status().flushedOffset);
    }
    this.unnoted = this.up && this.losesPages && this.store.status().failed !== undefined && !this.hasNote();
    this.up = false;
    this.howToDie = how;
    if (how === 'power') this.machine.crash();
    else this.machine.kill();
  }

  private hasNote(): boolean {
    const note = this.machine.disk.tree.find(`${ROOT}/unsynced`);
    return note !== undefined && 'content' in note && note.content.size > 0;
  }

  // ---- time ----

  /** Runs the world until the promise is settled, or the machine is dead. @returns false when it died, or never ended */
  async until(work: Promise<unknown>): Promise<boolean> {
    let done: 'no' | 'yes' | 'failed' = 'no';
    let failure: unknown;
    work.then(
      () => (done = 'yes'),
      (error: unknown) => {
        done = 'failed';
        failure = error;
      },
    );
    await this.runWorld(LIMIT_MS, () => done !== 'no' || !this.machine.running);
    if (!this.machine.running) return false;
    if ((done as string) === 'failed') throw failure;
    if (done === 'no') throw new Broken('everything ends', 'a promise of the store is never settled');
    return true;
  }

  async runWorld(limitMs: number, until?: () => boolean): Promise<void> {
    try {
      await this.world.run(limitMs, until);
    } catch (error) {
      if (this.machine.running) throw error;
    }
  }

  pass(ms: number): Promise<void> {
    return this.runWorld(ms, () => !this.machine.running);
  }

  /** Everything is in the queues, as far as it may be; or five seconds have gone. */
  async dispatched(): Promise<void> {
    const { store } = this;
    await this.runWorld(
      5000,
      () => !this.machine.running || store.dispatchedOffset() >= Math.min(store.log.confirmOffset(), this.history.end),
    );
  }

  // ---- start and stop ----

  /** @returns false when it died meanwhile */
  async open(): Promise<boolean> {
    const host: Host = this.machine.boot();
    const files = new DeadlyFiles(host.files, this.strike);
    this.store = new this.code.MessageStore({ ...host, files }, testOptions(ROOT, this.weather.options));
    if (!(await this.until(this.store.load()))) return false;
    this.up = true;
    return this.until(this.store.start());
  }

  /** Opens, and again when that dies too. */
  async openUntilUp(died = (): void => {}): Promise<void> {
    if (this.prng.chance(0.1)) this.armDeath();
    while (!(await this.open())) died();
  }

  /** @returns false when it died meanwhile */
  async stop(): Promise<boolean> {
    this.note('stop');
    if (!(await this.until(this.store.stop()))) return false;
    const { flushedOffset } = this.store.status();
    if (this.store.status().failed === undefined) this.syncedEnd = Math.max(this.syncedEnd, flushedOffset);
    this.writtenEnd = Math.max(this.writtenEnd, this.store.log.writtenOffset());
    return true;
  }

  // ---- faults of the disk ----

  breakOrHeal(): void {
    const { prng, machine } = this;
    if (this.faulty) return this.heal();
    if (!this.weather.faults) return;
    this.faulty = this.hadFault = true;
    this.indexComplete = false;
    this.counts['faults']!++;
    const kind = prng.int(3);
    this.note(`disk fails: ${['full', 'write', 'sync'][kind]}`);
    if (kind === 0) machine.disk.failWrites('DISK_FULL');
    else if (kind === 1) machine.disk.failWrites('FILE_IO');
    else {
      this.losesPages = true;
      machine.disk.failSyncs();
    }
  }

  heal(): void {
    this.note('disk heals');
    this.machine.disk.heal();
    this.faulty = this.losesPages = false;
  }

  /** A disk that is whole again: soon the store takes messages. */
  async mends(): Promise<void> {
    if (!this.hadFault || this.faulty) return;
    await this.runWorld(10_000, () => !this.machine.running || this.store.writable);
    if (!this.machine.running) return;
    if (!this.store.writable) throw new Broken('a store comes back with its disk', String(this.store.status().failed));
    this.history.dropBehind(this.store.log.maxOffset());
    this.hadFault = false;
  }

  /**
   * A write failed. What was not written is not in the log once that takes bytes again; until then a restart may still find
   * some of it.
   */
  lostByFault(): void {
    const { history, store } = this;
    if (!this.machine.running || !this.hadFault) return;
    const end = store.log.maxOffset();
    if (end < history.promisedEnd)
      throw new Broken(
        'what was promised is there',
        `after a failed write the log ends at ${end}, promised ${history.promisedEnd}`,
      );
    if (store.writable) history.dropBehind(end);
  }
}
