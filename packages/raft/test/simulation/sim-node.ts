import type { Effect } from '../../src/core/effect';
import type { What } from '../../src/core/event';
import type { Message } from '../../src/core/message';
import type { RaftState } from '../../src/core/state';
import type { Entry, WriteBatch } from '../../src/core/types';
import { MemoryDisk } from '../../src/storage/memory';
import type { WriteGate } from '../../src/write-gate';
import type { Agenda } from './agenda';
import type { Checker } from './checker';
import type { Core } from './core';
import type { Dice } from './dice';
import type { History } from './history';
import type { CrashPoint } from './plan';
import { ELECTION_TIMEOUT_MS, HEARTBEAT_MS, SNAPSHOT_CHUNK_BYTES, type Weather } from './weather';

export interface Surroundings {
  readonly core: Core;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly weather: Weather;
  readonly checker: Checker;
  readonly history: History;
  readonly founders: readonly string[];
  transmit(from: string, to: string, message: Message): void;
  /** Its process ended: those it was connected with may notice. */
  ended(id: string): void;
  /** Undefined unless somebody will read it: putting lines together takes half of the time. */
  readonly trace: ((line: string) => void) | undefined;
  readonly counts: {
    elections: number;
    snapshots: number;
    restores: number;
    reads: number;
    leaseReads: number;
    proposals: number;
    crashes: number;
    membershipChanges: number;
  };
}

interface Asked {
  readonly committed: number;
  readonly answer: (result: number | undefined) => void;
}

interface Armed {
  readonly when: CrashPoint;
  readonly forMs: number;
}

/** One member: the production core and write gate, driven synchronously, with a disk that survives its crashes. */
export class SimNode {
  readonly disk = new MemoryDisk();
  state: RaftState | undefined;
  private gate: WriteGate | undefined;
  private life = 0;
  private writing: WriteBatch | undefined;
  private pausedUntilMs = 0;
  private slowUntilMs = 0;
  private crashAtWrite: Armed | undefined;
  private tickAtMs = Number.POSITIVE_INFINITY;
  private readonly speed: number;
  private readonly reads = new Map<number, Asked>();
  private nextRead = 1;
  /** A read by lease was just asked for: should it be answered now, nobody was asked. */
  private atOnce = false;
  /** The register: what the state machine holds. */
  private value = 0;
  /** What clients proposed here and wait for, by index. */
  private readonly placed = new Map<number, { readonly term: number; readonly value: number }>();
  /** Values handed to the core and not yet answered. */
  private offered: readonly number[] = [];
  /** When a leader last had a word of others, by its own clock. */
  private readonly heardMs = new Map<string, number>();
  /** When it last took the word of a leader, by its own clock. */
  private ledMs = Number.NEGATIVE_INFINITY;
  private leadsSinceMs = 0;
  private ledTerm = 0;
  private stoodTerm = 0;

  constructor(
    readonly id: string,
    private readonly world: Surroundings,
  ) {
    const { dice, weather } = world;
    // Often as fast or slow as may be: that is where a lease has no margin.
    const drift = dice.chance(0.5)
      ? dice.pick([-weather.clockDrift, weather.clockDrift])
      : dice.between(-weather.clockDrift, weather.clockDrift);
    this.speed = 1 + drift;
  }

  get appliedIndex(): number {
    return this.state?.appliedIndex ?? 0;
  }

  /** Entries in its log that are not committed, as far as it knows. */
  get backlog(): number {
    return this.state === undefined ? 0 : this.state.log.lastIndex - this.state.commitIndex;
  }

  describe(): string {
    const { state } = this;
    if (state === undefined) return `${this.id} is down`;
    const { log, commitIndex, appliedIndex, snapshot, progress, configuration } = state;
    const followers = [...progress].map(
      ([id, p]) => `${id} ${p.mode} match ${p.matchIndex} next ${p.nextIndex} in flight ${p.inFlight.length}`,
    );
    const bounds = `log (${log.base.index}, ${log.lastIndex}] stable ${log.stableIndex} commit ${commitIndex} applied ${appliedIndex}`;
    const { voters, outgoing, learners, index } = configuration;
    const members = `members ${index}: ${voters} / ${outgoing} / ${learners}`;
    return `${this.id} ${state.role} term ${state.term} ${bounds} snapshot ${snapshot?.index ?? 0} ${members} ${followers.join('; ')}`;
  }

  private nowMs(): number {
    return this.world.agenda.nowMs * this.speed;
  }

  start(): void {
    if (this.state !== undefined) return;
    const { core, dice, weather, founders } = this.world;
    const recovered = this.disk.read();
    const options = {
      id: this.id,
      founders: founders.map((id) => ({ id, address: `${id}:1` })),
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      heartbeatMs: HEARTBEAT_MS,
      maxAppendBytes: weather.maxAppendBytes,
      maxInFlight: weather.maxInFlight,
      snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
      keepEntries: weather.keepEntries,
      maxPromotionLag: 10,
      maxClockDrift: weather.clockDrift,
    };
    this.world.trace?.(`${this.id} starts in term ${recovered.hardState.term}`);
    this.state = core.createState(options, recovered, this.nowMs(), dice.next());
    this.gate = new core.WriteGate();
    this.life++;
    this.value = 0;
    if (recovered.snapshot !== undefined) this.restore(recovered.snapshot.data, recovered.snapshot.index);
    this.armTick();
  }

  /** Power loss: a write in flight happened, or not, or the last of it is torn off; the rest of the memory is gone. */
  crash(when?: CrashPoint): void {
    if (this.state === undefined) return;
    const { dice, counts, trace } = this.world;
    const point = when ?? dice.pick(['lost', 'torn', 'durable'] as const);
    trace?.(`${this.id} crashes${this.writing === undefined ? '' : `, its write ${point}`}`);
    counts.crashes++;
    if (this.writing !== undefined && point !== 'lost') {
      this.writeToDisk(this.writing, point === 'torn' ? torn(this.writing, dice) : this.writing);
    }
    this.state = undefined;
    this.gate = undefined;
    this.writing = undefined;
    this.crashAtWrite = undefined;
    this.reads.clear();
    this.placed.clear();
    this.heardMs.clear();
    this.ledMs = Number.NEGATIVE_INFINITY;
    this.tickAtMs = Number.POSITIVE_INFINITY;
    this.life++;
    this.world.ended(this.id);
  }

  crashFor(forMs: number, when?: CrashPoint): void {
    this.crash(when);
    this.world.agenda.after(forMs, () => this.start());
  }

  /** The next write is the last for a while. */
  armCrash(armed: Armed): void {
    this.crashAtWrite = armed;
  }

  /** The process stands still (garbage collection, SIGSTOP); its input waits. */
  pause(forMs: number): void {
    this.world.trace?.(`${this.id} pauses for ${Math.round(forMs)} ms`);
    this.pausedUntilMs = this.world.agenda.nowMs + forMs;
  }

  slowDisk(forMs: number): void {
    this.world.trace?.(`the disk of ${this.id} is slow for ${Math.round(forMs)} ms`);
    this.slowUntilMs = this.world.agenda.nowMs + forMs;
  }

  /** The storm is over. */
  calm(): void {
    this.pausedUntilMs = 0;
    this.slowUntilMs = 0;
    this.crashAtWrite = undefined;
    this.start();
  }

  /** An event for this life of the node: lost when it ends before. */
  deliver(what: What): void {
    const { agenda } = this.world;
    if (this.state === undefined) return;
    if (agenda.nowMs < this.pausedUntilMs) {
      const { life } = this;
      agenda.at(this.pausedUntilMs, () => {
        if (life === this.life) this.deliver(what);
      });
      return;
    }
    this.handle(what);
    this.maybeSnapshot();
    this.maybeWrite();
    this.armTick();
  }

  read(byLease: boolean): void {
    if (this.state === undefined) return;
    const { checker, history } = this.world;
    const id = this.nextRead++;
    this.reads.set(id, { committed: checker.committed.length, answer: history.read() });
    this.atOnce = byLease;
    this.deliver({ kind: 'read', id, byLease });
    this.atOnce = false;
  }

  propose(values: readonly number[]): void {
    if (this.state === undefined || this.world.agenda.nowMs < this.pausedUntilMs) return;
    for (const value of values) this.world.history.swap(value);
    this.offered = values;
    this.deliver({ kind: 'propose', data: values.map(bytesOf) });
  }

  private handle(what: What): void {
    const { core, dice, checker } = this.world;
    const state = this.state as RaftState;
    const now = this.nowMs();
    const effects = core.step(state, { what, now, random: dice.next() });
    // What comes late from an earlier term is refused.
    if (what.kind === 'message' && isFromLeader(what.message) && what.message.term === state.term) this.ledMs = now;
    for (const effect of effects) this.perform(state, effect);
    checker.configured(this.id, state);
    if (state.role !== 'leader') return;
    if (what.kind === 'message') this.heardMs.set(what.from, now);
    else if (what.kind === 'tick') {
      const since = now - ELECTION_TIMEOUT_MS * 2.2;
      if (this.leadsSinceMs < since) checker.leadsOn(this.id, state, (id) => (this.heardMs.get(id) ?? 0) >= since);
    }
  }

  private perform(state: RaftState, effect: Effect): void {
    const { checker, counts, history } = this.world;
    switch (effect.kind) {
      case 'persist':
        checker.appended(this.id, state, effect.batch.entries);
        return (this.gate as WriteGate).add(effect.batch);
      case 'send':
        if (effect.after === 'now' || !(this.gate as WriteGate).hold(effect)) this.send(effect.to, effect.message);
        return;
      case 'apply':
        checker.applied(this.id, state, effect.entries);
        for (const entry of effect.entries) this.apply(entry);
        return;
      case 'restore':
        counts.restores++;
        return this.restore(effect.snapshot.data, effect.snapshot.index);
      case 'read-ready':
        counts.reads++;
        return this.readReady(effect.id, state);
      case 'read-failed':
        this.reads.get(effect.id)?.answer(undefined);
        return void this.reads.delete(effect.id);
      case 'proposed':
        counts.proposals++;
        this.offered.forEach((value, i) => this.placed.set(effect.firstIndex + i, { term: state.term, value }));
        return;
      case 'refused':
        return this.offered.forEach((value) => history.refused(value));
      case 'configured':
        this.world.trace?.(`${this.id} has members ${JSON.stringify(effect.configuration)}`);
        this.leadsSinceMs = this.nowMs(); // others may be a majority now: it is given time to hear them
        return;
      case 'status':
        return this.status(state);
      default:
        return;
    }
  }

  private apply(entry: Entry): void {
    const { history, counts } = this.world;
    const before = this.value;
    const value = entry.kind === 'data' ? entry.data.readUInt32BE(0) : before;
    this.value = value;
    const placed = this.placed.get(entry.index);
    if (placed === undefined) {
      if (entry.kind === 'config' && this.state?.role === 'leader') counts.membershipChanges++;
      return;
    }
    this.placed.delete(entry.index);
    if (placed.term === entry.term) history.swapped(value, before);
    else history.refused(placed.value);
  }

  private readReady(id: number, state: RaftState): void {
    const asked = this.reads.get(id);
    if (asked === undefined) return;
    this.reads.delete(id);
    asked.answer(this.value);
    if (this.atOnce) {
      this.world.counts.leaseReads++;
      this.world.checker.readByLease(this.id, state);
    }
    this.world.checker.read(this.id, asked.committed, state.appliedIndex);
  }

  private restore(image: Buffer, index: number): void {
    this.world.trace?.(`${this.id} restores ${index}`);
    this.world.checker.restored(this.id, image, index);
    this.value = image.readUInt32BE(image.length - 4);
    for (const at of [...this.placed.keys()]) if (at <= index) this.placed.delete(at);
  }

  private status(state: RaftState): void {
    const { trace, checker, counts } = this.world;
    trace?.(`${this.id} is ${state.role} in term ${state.term}, led by ${state.leaderId ?? 'nobody'}`);
    if (state.role === 'pre-candidate') checker.asks(this.id, this.nowMs() - this.ledMs);
    if (state.role === 'candidate' && state.term > this.stoodTerm) {
      this.stoodTerm = state.term;
      checker.stands(this.id, state);
    }
    if (state.role !== 'leader') return;
    if (this.ledTerm !== state.term) {
      this.ledTerm = state.term;
      this.leadsSinceMs = this.nowMs();
      counts.elections++;
    }
    checker.leads(`${this.id}#${this.life}`, state);
  }

  private send(to: string, message: Message): void {
    this.world.checker.sent(this.id, to, message);
    this.world.transmit(this.id, to, message);
  }

  private maybeSnapshot(): void {
    const { weather, counts } = this.world;
    const { appliedIndex: index, snapshot } = this.state as RaftState;
    if (weather.snapshotEvery === 0 || index - (snapshot?.index ?? 0) < weather.snapshotEvery) return;
    counts.snapshots++;
    const image = Buffer.from(this.world.checker.image(index));
    image.writeUInt32BE(this.value, image.length - 4);
    this.handle({ kind: 'snapshot-taken', index, data: image });
  }

  private maybeWrite(): void {
    const { agenda, dice, weather } = this.world;
    const batch = this.gate?.begin();
    if (batch === undefined) return;
    this.writing = batch;
    const { life, crashAtWrite } = this;
    const slow = agenda.nowMs < this.slowUntilMs ? dice.between(5, 200) : 0;
    agenda.after(slow + dice.between(0, weather.maxSyncMs), () => {
      if (life !== this.life) return;
      if (crashAtWrite !== undefined) this.crashFor(crashAtWrite.forMs, crashAtWrite.when);
      else this.written(batch);
    });
  }

  private written(batch: WriteBatch): void {
    this.writeToDisk(batch, batch);
    this.writing = undefined;
    const completed = (this.gate as WriteGate).complete();
    for (const { to, message } of completed.released) this.send(to, message);
    this.deliver({ kind: 'persisted', hardState: completed.hardState, last: completed.last });
  }

  private writeToDisk(meant: WriteBatch, written: WriteBatch): void {
    this.world.checker.beforeWrite(this.id, this.disk.read(), meant);
    this.disk.apply(written);
  }

  private armTick(): void {
    const { agenda, core } = this.world;
    const due = Math.max(agenda.nowMs + 0.5, core.nextDeadlineMs(this.state as RaftState) / this.speed);
    if (due >= this.tickAtMs) return;
    this.tickAtMs = due;
    const { life } = this;
    agenda.at(due, () => {
      if (life !== this.life || this.tickAtMs !== due) return;
      this.tickAtMs = Number.POSITIVE_INFINITY;
      if (this.nowMs() + 1e-6 >= core.nextDeadlineMs(this.state as RaftState)) this.deliver({ kind: 'tick' });
      else this.armTick();
    });
  }
}

function isFromLeader({ kind }: Message): boolean {
  return kind === 'append' || kind === 'heartbeat' || kind === 'snapshot';
}

function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeUInt32BE(value, 0);
  return bytes;
}

/**
 * More than the storage port allows: some of the last entries are missing, as if the storage had cut a torn tail. Only
 * whole snapshots count.
 */
function torn(batch: WriteBatch, dice: Dice): WriteBatch {
  if (batch.snapshot !== undefined || batch.base !== undefined || batch.entries.length === 0) return batch;
  return { ...batch, entries: batch.entries.slice(0, dice.whole(0, batch.entries.length - 1)) };
}
