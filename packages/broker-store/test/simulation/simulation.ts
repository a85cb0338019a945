import { World, type Prng, type SimMachine } from '@batonmq/simulator';
import type { Host } from '@batonmq/host';
import * as production from '../../src/index';
import { message, testOptions } from '../store-fixture';
import { Broken, checkIndex, checkLog, checkQueues, checkVisible, readQueue } from './checks';
import { DeadlyFiles } from './deadly-files';
import { type Entry, History } from './history';
import { ALL_QUEUES, KEYS, MasterFeed, TOPICS, batchBody, drawMessage } from './records';
import { type Weather, drawWeather } from './weather';

/** What of the package is under test: the production code, or a copy with a bug planted. */
export type Store = Pick<typeof production, 'MessageStore' | 'decodeMessage'>;

export interface Outcome {
  readonly failed: boolean;
  readonly why: string;
  readonly weather: Weather;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

type Restart = 'stop' | 'kill' | 'power';
const LIMIT_MS = 600_000;
const ROOT = '/store';
/** Of the wall clock. */
const START_MS = 1_767_225_600_000;

/**
 * One history of a store on a disk that forgets. Fault model: the process is killed (page cache kept), or the power goes
 * (of what was not synced any sectors and any directory entries are lost), between any two operations on files, those of
 * start and stop included; writes and syncs fail for a while; bits of the log, the queues, the index or the checkpoint flip.
 * What must survive: see `checks.ts` and `adopt`. One seed is one run.
 */
export async function simulate(seed: number, store: Store = production, more: Partial<Weather> = {}): Promise<Outcome> {
  const world = new World({ seed, startWallMs: START_MS, traceLevel: 'warn', traceLimit: 400 });
  const run = new Run(world, store, seed, more);
  let why = '';
  try {
    await run.play();
  } catch (error) {
    why =
      error instanceof Error
        ? error instanceof Broken
          ? error.message
          : `${error.message}\n${error.stack}`
        : String(error);
  }
  return { failed: why !== '', why, weather: run.weather, trace: world.trace, counts: run.counts };
}

class Run {
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
  private readonly prng: Prng;
  private readonly machine: SimMachine;
  private readonly history = new History();
  private feed!: MasterFeed;
  private store!: production.MessageStore;
  /** Bytes a master has sent of what the log does not have yet. */
  private stream: { bytes: Buffer; entry: Entry }[] = [];
  private streamAt = 0;
  /** It is started: its positions mean something. */
  private up = false;
  private operationsLeft = Infinity;
  private howToDie: Restart = 'kill';
  /** How far the clock of the other master is ahead. */
  private skewMs = 0;
  private isMaster = true;
  private faulty = false;
  private damaged: { offset: number } | undefined;
  private indexComplete = true;
  /** Records up to here were synced, whatever the flush mode. */
  private syncedEnd = 0;
  private writtenEnd = 0;

  constructor(
    private readonly world: World,
    private readonly code: Store,
    seed: number,
    more: Partial<Weather>,
  ) {
    this.machine = world.machine('m');
    this.prng = (world.random as Prng).split('player');
    const drawn = drawWeather((world.random as Prng).split(`weather ${seed}`));
    this.weather = { ...drawn, ...more, options: { ...drawn.options, ...more.options } };
    this.machine.disk.writeBackRate = this.weather.writeBackRate;
    this.isMaster = this.weather.role === 'alone' || this.prng.chance(0.4);
    this.feed = new MasterFeed(this.prng, this.history, this.weather.places, this.fileSize);
  }

  private get fileSize(): number {
    return this.weather.options.mappedFileSizeCommitLog as number;
  }

  private note(what: string): void {
    this.world.note(what);
  }

  // ---- the play ----

  async play(): Promise<void> {
    await this.openUntilUp();
    for (let step = 0; step < this.weather.steps && this.damaged === undefined; step++) {
      await this.step();
      if (this.damaged !== undefined) break;
      if (!this.machine.running) await this.comeBack();
      else this.checkNow();
    }
    if (this.damaged !== undefined) return this.endDamaged();
    this.operationsLeft = Infinity;
    await this.restart('stop');
    await this.stopStore();
  }

  private async step(): Promise<void> {
    const { prng, weather } = this;
    if (prng.chance(0.08)) this.armDeath();
    if (prng.chance(0.5)) await this.mends();
    if (!this.machine.running) return;
    const dice = prng.int(100);
    if (dice < 45) return this.write();
    if (dice < 55) return this.pass(prng.int(3000));
    if (dice < 60) return this.pass(prng.int(20_000));
    if (dice < 67) return this.cut();
    if (dice < 72) return this.changeRole();
    if (dice < 76) return this.deleteTopic();
    if (dice < 81) return this.breakOrHeal();
    if (dice < 86) return this.restart('stop');
    if (dice < 90 && weather.damage) return this.damage();
    return this.restart(prng.chance(weather.powerLosses) ? 'power' : 'kill');
  }

  private armDeath(): void {
    this.operationsLeft = 1 + this.prng.int(this.prng.chance(0.5) ? 10 : 60);
    this.howToDie = this.prng.chance(this.weather.powerLosses) ? 'power' : 'kill';
  }

  private readonly strike = (): void => {
    if (--this.operationsLeft > 0) return;
    this.operationsLeft = Infinity;
    this.note(`strikes: ${this.howToDie}`);
    this.die(this.howToDie);
  };

  private die(how: Restart): void {
    if (!this.machine.running) return;
    if (this.up) {
      this.writtenEnd = Math.max(this.writtenEnd, this.store.log.writtenOffset());
      this.syncedEnd = Math.max(this.syncedEnd, this.store.status().flushedOffset);
    }
    this.up = false;
    this.howToDie = how;
    if (how === 'power') this.machine.crash();
    else this.machine.kill();
  }

  /** Runs the world until the promise is settled, or the machine is dead. @returns false when it died, or never ended */
  private async until(work: Promise<unknown>): Promise<boolean> {
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

  private async runWorld(limitMs: number, until?: () => boolean): Promise<void> {
    try {
      await this.world.run(limitMs, until);
    } catch (error) {
      if (this.machine.running) throw error;
    }
  }

  private pass(ms: number): Promise<void> {
    return this.runWorld(ms, () => !this.machine.running);
  }

  // ---- opening ----

  private async open(): Promise<boolean> {
    const host: Host = this.machine.boot();
    const files = new DeadlyFiles(host.files, this.strike);
    this.store = new this.code.MessageStore({ ...host, files }, testOptions(ROOT, this.weather.options));
    if (!(await this.until(this.store.load()))) return false;
    this.up = true;
    return this.until(this.store.start());
  }

  /** Opens, and again when that dies too. Starts that fail for a broken disk are tried when it is whole. */
  private async openUntilUp(): Promise<void> {
    if (this.prng.chance(0.1)) this.armDeath();
    while (!(await this.open()));
  }

  private async restart(how: Restart): Promise<void> {
    if (how === 'stop') {
      if (this.faulty) this.heal();
      if (await this.stopStore()) this.howToDie = 'stop';
    }
    this.die(how === 'stop' ? 'kill' : how);
    if (how === 'stop' && this.howToDie === 'kill') this.howToDie = 'stop';
    await this.comeBack();
  }

  private async stopStore(): Promise<boolean> {
    this.note('stop');
    if (!(await this.until(this.store.stop()))) return false;
    const { flushedOffset } = this.store.status();
    if (this.store.status().failed === undefined) this.syncedEnd = Math.max(this.syncedEnd, flushedOffset);
    this.writtenEnd = Math.max(this.writtenEnd, this.store.log.writtenOffset());
    return true;
  }

  /** After a death: opens, and compares what is there with what must be. */
  private async comeBack(): Promise<void> {
    const how = this.howToDie;
    this.counts[{ stop: 'stops', kill: 'kills', power: 'powerLosses' }[how]]!++;
    if (this.faulty) this.heal();
    let power = how === 'power';
    await this.openUntilUpNoting(() => (power ||= this.howToDie === 'power'));
    this.adopt(power);
    await this.dispatched();
    if (this.machine.running) this.checkAll(power, how);
    else await this.comeBack();
  }

  private async openUntilUpNoting(died: () => void): Promise<void> {
    if (this.prng.chance(0.1)) this.armDeath();
    while (!(await this.open())) died();
  }

  /** Forgets what was allowed to be lost; nothing else may be. */
  private adopt(power: boolean): void {
    const { history, store } = this;
    const end = store.log.maxOffset();
    this.completeByZeros(end);
    // What a restart brought back of a deleted topic, the next one may not.
    for (const each of history.entries) each.life = each.born;
    history.forgetBelow(store.log.minOffset());
    const must = power
      ? Math.max(history.promisedEndIf(this.weather.options.flushDiskType === 'SYNC_FLUSH'), this.syncedEnd)
      : Math.max(history.promisedEnd, this.writtenEnd);
    const bound = history.cuttingAt === undefined ? must : Math.min(must, history.cuttingAt);
    const lost = history.entries.find((each) => each.end > end && each.end <= bound);
    if (lost !== undefined)
      throw new Broken(
        'what was promised is there',
        `the log ends at ${end}, ${lost.offset}..${lost.end} was promised`,
      );
    if (
      power &&
      this.weather.options.flushDiskType === 'SYNC_FLUSH' &&
      this.weather.role === 'alone' &&
      history.seenEnd > end
    )
      throw new Broken('what was seen is there', `the log ends at ${end}, somebody saw ${history.seenEnd}`);
    if (end > history.end && end % this.fileSize !== 0 && end !== store.log.minOffset())
      throw new Broken('the log ends with a message', `it ends at ${end}, the last message at ${history.end}`);
    history.dropBehind(end);
    const last = history.entries.at(-1);
    if (last !== undefined && end > last.end && end % this.fileSize !== 0)
      throw new Broken('the log ends with a message', `it ends at ${end}, the last message at ${last.end}`);
    history.cuttingAt = undefined;
    if (power) this.indexComplete = false;
    this.syncedEnd = Math.min(Math.max(this.syncedEnd, end), end);
    this.writtenEnd = end;
    this.streamAt = 0;
    this.stream = [];
    const confirm = store.log.confirmOffset();
    if (this.weather.role === 'controlled' && confirm > Math.max(history.confirmed, 0))
      throw new Broken(
        'reads stay below the confirm offset',
        `after a restart it is ${confirm}, was ${history.confirmed}`,
      );
  }

  // ---- writing ----

  private async write(): Promise<void> {
    if (!this.isMaster) return this.append();
    const { prng, history, store } = this;
    const count = 1 + prng.int(8);
    let end = 0;
    for (let i = 0; i < count && this.machine.running; i++) {
      end = Math.max(end, prng.chance(0.15) ? this.putBatch() : this.putOne());
    }
    if (end === 0 || !this.machine.running || prng.chance(0.4)) return;
    await this.promise(end);
    void store;
    void history;
  }

  private async promise(end: number): Promise<void> {
    const { history, store } = this;
    try {
      if (!(await this.until(store.whenDurable(end)))) return;
    } catch (error) {
      if (!this.faulty && !this.hadFault) throw error;
      this.lostByFault();
      return;
    }
    history.promisedEnd = Math.max(history.promisedEnd, end);
    if (this.weather.role === 'controlled' && this.prng.chance(0.7)) this.confirm();
  }

  private hadFault = false;

  private putOne(): number {
    this.lostByFault();
    const drawn = drawMessage(this.prng, this.history, this.weather.places, this.fileSize - 700);
    const { input } = drawn;
    const result = this.store.put(input);
    if (result.status !== 'PUT_OK') return this.refused(result);
    this.counts['puts']!++;
    const queueOffset = drawn.numbered ? result.queueOffset : undefined;
    const { physicalOffset: offset, endOffset: end, storeTimestamp: timestamp } = result;
    const { body, key } = drawn;
    this.took({ offset, end, topic: input.topic, queueId: input.queueId, queueOffset, body, key, timestamp });
    return result.endOffset;
  }

  private putBatch(): number {
    const { prng, history, store } = this;
    this.lostByFault();
    const { places } = this.weather;
    const topic = TOPICS[prng.int(Math.min(2, places.topics))] as string;
    const queueId = prng.int(places.queues);
    const key = prng.chance(0.5) ? (KEYS[0] as string) : undefined;
    const bodies = Array.from({ length: 1 + prng.int(4) }, () => history.nextBody(8 + prng.int(60)));
    const own = key === undefined ? '' : `KEYS\u0001${key}`;
    const result = store.putBatch(message(topic, queueId, batchBody(bodies, own)));
    if (result.status !== 'PUT_OK') return this.refused(result);
    const ids = result.messageIds.split(',').map((id) => parseInt(id.slice(-16), 16));
    bodies.forEach((body, at) =>
      this.took({
        offset: ids[at] as number,
        end: ids[at + 1] ?? result.endOffset,
        topic,
        queueId,
        queueOffset: result.queueOffset + at,
        body,
        key,
        timestamp: result.storeTimestamp,
      }),
    );
    this.counts['puts']! += bodies.length;
    return result.endOffset;
  }

  private refused(result: production.PutResult): number {
    if (this.faulty || this.hadFault || !this.machine.running) {
      this.lostByFault();
      return 0;
    }
    throw new Broken('a healthy store takes messages', `${result.status} ${result.reason}`);
  }

  private took(entry: Omit<Entry, 'life' | 'born'>): void {
    const { history } = this;
    const { offset, end, topic, queueId, queueOffset, key } = entry;
    if (offset < history.end) throw new Broken('a place in the log is given once', `${offset} is below ${history.end}`);
    if (queueOffset !== undefined) {
      const due = history.nextOffset(topic, queueId, queueOffset);
      if (queueOffset !== due)
        throw new Broken('a queue offset is given once', `${topic.slice(0, 8)}-${queueId}: ${queueOffset}, due ${due}`);
    }
    this.note(`put ${topic.slice(0, 8)}-${queueId}@${queueOffset} [${offset},${end}) ${key ?? ''}`);
    if (entry.timestamp < (history.entries.at(-1)?.timestamp ?? 0))
      throw new Broken('times do not go back along the log', `${entry.timestamp} at ${offset}`);
    const life = history.lifeOf(topic);
    history.entries.push({ ...entry, life, born: life });
  }

  /**
   * A write failed. What was not written is not in the log once that takes bytes again; until then a restart may still find
   * some of it.
   */
  private lostByFault(): void {
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

  /** Bytes of a master, in pieces that end anywhere. */
  private async append(): Promise<void> {
    const { prng, history, store } = this;
    for (let i = 0, count = 1 + prng.int(6); i < count && this.machine.running; i++) {
      const at = store.log.maxOffset();
      this.lostByFault();
      if (this.stream.length === 0) {
        this.stream.push(this.feed.next(at, START_MS + this.skewMs + Math.floor(this.world.now())));
        this.streamAt = at;
      }
      const { bytes, entry } = this.stream[0] as { bytes: Buffer; entry: Entry };
      const done = at - this.streamAt;
      const inFile = this.fileSize - (at % this.fileSize);
      const wanted = prng.chance(0.5) ? bytes.length : 1 + prng.int(bytes.length);
      const piece = bytes.subarray(done, Math.min(done + Math.min(wanted, inFile), bytes.length));
      try {
        store.log.append(at, piece);
      } catch (error) {
        if (!this.machine.running || this.faulty || this.hadFault) return;
        throw error;
      }
      this.counts['appends']!++;
      this.note(`append ${at}..${at + piece.length} of ${this.streamAt}..${this.streamAt + bytes.length}`);
      if (done + piece.length === bytes.length) {
        history.entries.push(entry);
        this.stream = [];
      }
    }
    await this.runWorld(0.02, () => !this.machine.running);
    if (!this.machine.running) return;
    if (prng.chance(0.6)) await this.promise(Math.min(store.log.writtenOffset(), history.end));
    else if (prng.chance(0.5)) this.confirm();
  }

  /** A record whose missing bytes are zeros is whole without them. */
  private completeByZeros(end: number): void {
    const next = this.stream[0];
    if (next === undefined || next.entry.end !== end || end <= this.history.end) return;
    this.history.entries.push(next.entry);
    this.stream = [];
  }

  private confirm(): void {
    const { history, store, prng } = this;
    const end = store.log.writtenOffset();
    const from = store.log.confirmOffset();
    if (end <= from) return;
    const to = prng.chance(0.5) ? end : from + prng.int(end - from + 1);
    history.confirmed = Math.max(history.confirmed, to);
    store.log.setConfirmOffset(to);
  }

  // ---- roles and cuts ----

  private async changeRole(): Promise<void> {
    if (this.weather.role === 'alone') return;
    const { store, history } = this;
    if (!this.isMaster) {
      history.beginCut(history.end);
      try {
        if (!(await this.until(store.log.cutIncompleteTail()))) return;
      } catch (error) {
        if (this.faulty || this.hadFault) return;
        throw error;
      }
      this.completeByZeros(store.log.maxOffset());
      history.cuttingAt = store.log.maxOffset();
      history.endCut();
      this.stream = [];
      if (store.log.maxOffset() !== history.end && store.log.maxOffset() % this.fileSize !== 0)
        throw new Broken('the log ends with a message', `${store.log.maxOffset()}, last message ${history.end}`);
      store.log.rebuildQueueOffsets();
    }
    this.isMaster = !this.isMaster;
    this.skewMs = this.prng.int(40_000) - 20_000;
  }

  private async cut(): Promise<void> {
    const { history, store, prng } = this;
    if (history.entries.length === 0 || this.faulty || this.hadFault) return;
    const keep = prng.chance(0.7)
      ? Math.max(0, history.entries.length - 1 - prng.int(6))
      : prng.int(history.entries.length);
    const { end } = history.entries[keep] as Entry;
    if (end < store.log.minOffset() || end > store.log.maxOffset()) return;
    this.note(`cut at ${end} of ${store.log.maxOffset()}`);
    history.beginCut(end);
    this.stream = [];
    this.syncedEnd = Math.min(this.syncedEnd, end);
    this.writtenEnd = Math.min(this.writtenEnd, end);
    if (!(await this.until(store.log.truncate(end)))) {
      this.syncedEnd = Math.min(this.syncedEnd, end);
      this.writtenEnd = Math.min(this.writtenEnd, end);
      return;
    }
    history.endCut();
    this.counts['cuts']!++;
  }

  private async deleteTopic(): Promise<void> {
    if (!this.weather.deletions) return;
    const topic = TOPICS[this.prng.int(this.weather.places.topics)] as string;
    await this.dispatched();
    if (!this.machine.running) return;
    this.note(`delete ${topic.slice(0, 8)}`);
    this.history.lives.set(topic, this.history.lifeOf(topic) + 1);
    try {
      this.store.deleteTopic(topic);
    } catch (error) {
      if (this.machine.running) throw error;
    }
  }

  // ---- faults ----

  private breakOrHeal(): void {
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
    else machine.disk.failSyncs();
  }

  private heal(): void {
    this.note('disk heals');
    this.machine.disk.heal();
    this.faulty = false;
  }

  /** A disk that is whole again: soon the store takes messages. */
  private async mends(): Promise<void> {
    if (!this.hadFault || this.faulty) return;
    await this.runWorld(10_000, () => !this.machine.running || this.store.writable);
    if (!this.machine.running) return;
    if (!this.store.writable) throw new Broken('a store comes back with its disk', String(this.store.status().failed));
    this.history.dropBehind(this.store.log.maxOffset());
    this.hadFault = false;
  }

  // ---- checks ----

  private async dispatched(): Promise<void> {
    const { store } = this;
    await this.runWorld(
      5000,
      () => !this.machine.running || store.dispatchedOffset() >= Math.min(store.log.confirmOffset(), this.history.end),
    );
  }

  private checkNow(): void {
    const { store, history } = this;
    history.forgetBelow(store.log.minOffset());
    checkVisible(store, this.code.decodeMessage, history);
  }

  private checkAll(power: boolean, how: Restart): void {
    const { store, history, code } = this;
    history.forgetBelow(store.log.minOffset());
    checkLog(store, code.decodeMessage, history);
    this.adoptOldLives();
    const limit = this.weather.role === 'controlled' ? store.log.confirmOffset() : Infinity;
    this.note(
      `up: log ${store.log.minOffset()}..${store.log.maxOffset()} confirm ${store.log.confirmOffset()} dispatched ${store.dispatchedOffset()}`,
    );
    checkQueues(store, code.decodeMessage, history, limit);
    if (this.weather.options.messageIndexEnable === true)
      checkIndex(store, code.decodeMessage, history, limit, this.indexComplete);
    void power;
    void how;
  }

  /**
   * A restart may bring back what the log has of a deleted topic, until it is used again: what is in the queue, and all that
   * has not been dispatched yet, which will be. A master that goes on with the queue numbers behind both.
   */
  private adoptOldLives(): void {
    const { history, store, code } = this;
    const dispatched = store.dispatchedOffset();
    for (const [topic, queueId] of ALL_QUEUES) {
      if (history.lifeOf(topic) === 0) continue;
      const found = readQueue(store, code.decodeMessage, topic, queueId);
      const places = new Set(found.map((each) => each.physicalOffset));
      for (const each of history.entries)
        if ((places.has(each.offset) || each.offset >= dispatched) && each.topic === topic && each.queueId === queueId)
          each.life = history.lifeOf(topic);
    }
  }

  // ---- damage ----

  /** Dies, and a bit of one file flips: the last step of a run. */
  private async damage(): Promise<void> {
    const { prng, machine, history } = this;
    if (this.faulty || this.hadFault) return;
    this.die('kill');
    const places = [ROOT, ...ALL_QUEUES.map(([topic, id]) => `${ROOT}/consumequeue/${topic}/${id}`)];
    const where = [`${ROOT}/commitlog`, `${ROOT}/commitlog`, prng.chance(0.5) ? `${ROOT}/index` : ROOT];
    const folder = prng.chance(0.4) ? places[prng.int(places.length)] : where[prng.int(where.length)];
    const directory = machine.disk.tree.find(folder as string);
    if (directory === undefined || !('entries' in directory)) return;
    const files = [...directory.entries].flatMap(([name, node]) => ('content' in node ? [{ name, node }] : []));
    const picked = files[prng.int(Math.max(1, files.length))];
    if (picked === undefined || picked.node.content.size === 0) return;
    const { name, node: file } = picked;
    const inLog = folder === `${ROOT}/commitlog`;
    const used = inLog ? Math.min(file.content.size, Math.max(1, history.end - Number(name))) : file.content.size;
    const at = prng.int(used);
    const byte = Buffer.alloc(1);
    file.content.read(byte, 0, 1, at);
    byte[0] = (byte[0] as number) ^ (1 << prng.int(8));
    file.content.write(byte, 0, 1, at);
    this.note(`a bit flips in ${folder}/${name} at ${at}`);
    this.counts['flips'] = (this.counts['flips'] ?? 0) + 1;
    this.damaged = { offset: inLog ? Number(name) + at : Infinity };
  }

  /** What the bit has not touched is there: before it served, behind it served or kept aside. */
  private async endDamaged(): Promise<void> {
    const { history, code } = this;
    const { offset } = this.damaged as { offset: number };
    this.operationsLeft = Infinity;
    await this.open();
    const { store } = this;
    history.forgetBelow(store.log.minOffset());
    const end = store.log.maxOffset();
    const hit = history.entries.findIndex((each) => each.end > offset);
    const due = history.entries.filter((each) => each.end <= Math.min(offset, this.writtenEnd));
    const lost = due.find((each) => each.end > end);
    const cut = history.cuttingAt ?? Infinity;
    if (lost !== undefined && lost.end <= cut)
      throw new Broken(
        'damage costs nothing before it',
        `the log ends at ${end}, ${lost.offset}..${lost.end} was whole`,
      );
    if (hit >= 0) history.entries.splice(hit, 1);
    history.dropBehind(end);
    checkLog(store, code.decodeMessage, history);
    await this.dispatched();
    await this.stopStore();
  }
}
