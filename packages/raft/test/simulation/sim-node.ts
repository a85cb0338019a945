import type { Effect } from '../../src/core/effect';
import type { What } from '../../src/core/event';
import type { Message } from '../../src/core/message';
import type { RaftState } from '../../src/core/state';
import type { WriteBatch } from '../../src/core/types';
import { MemoryDisk } from '../../src/storage/memory';
import type { WriteGate } from '../../src/write-gate';
import type { Agenda } from './agenda';
import type { Checker } from './checker';
import type { Core } from './core';
import type { Dice } from './dice';
import { ELECTION_TIMEOUT_MS, HEARTBEAT_MS, SNAPSHOT_CHUNK_BYTES, type Weather } from './weather';

export interface Surroundings {
  readonly core: Core;
  readonly agenda: Agenda;
  readonly dice: Dice;
  readonly weather: Weather;
  readonly checker: Checker;
  readonly ids: readonly string[];
  transmit(from: string, to: string, message: Message): void;
  trace(line: string): void;
  readonly counts: { elections: number; snapshots: number; restores: number; reads: number; proposals: number };
}

/** One member: the production core and write gate, driven synchronously, with a disk that survives its crashes. */
export class SimNode {
  readonly disk = new MemoryDisk();
  state: RaftState | undefined;
  private gate: WriteGate | undefined;
  private life = 0;
  private writing: WriteBatch | undefined;
  private pausedUntilMs = 0;
  private tickAtMs = Number.POSITIVE_INFINITY;
  private readonly speed: number;
  private readonly reads = new Map<number, number>();
  private nextRead = 1;

  constructor(
    readonly id: string,
    private readonly world: Surroundings,
  ) {
    const { dice, weather } = world;
    this.speed = 1 + dice.between(-weather.clockDrift, weather.clockDrift);
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
    const { log, commitIndex, appliedIndex, snapshot, progress } = state;
    const followers = [...progress].map(
      ([id, p]) => `${id} ${p.mode} match ${p.matchIndex} next ${p.nextIndex} in flight ${p.inFlight.length}`,
    );
    const bounds = `log (${log.base.index}, ${log.lastIndex}] stable ${log.stableIndex} commit ${commitIndex} applied ${appliedIndex}`;
    return `${this.id} ${state.role} term ${state.term} ${bounds} snapshot ${snapshot?.index ?? 0} ${followers.join('; ')}`;
  }

  private nowMs(): number {
    return this.world.agenda.nowMs * this.speed;
  }

  start(): void {
    if (this.state !== undefined) return;
    const { core, dice, weather, ids, checker } = this.world;
    const recovered = this.disk.read();
    const options = {
      id: this.id,
      founders: ids.map((id) => ({ id, address: `${id}:1` })),
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      heartbeatMs: HEARTBEAT_MS,
      maxAppendBytes: weather.maxAppendBytes,
      maxInFlight: weather.maxInFlight,
      snapshotChunkBytes: SNAPSHOT_CHUNK_BYTES,
      keepEntries: weather.keepEntries,
      maxPromotionLag: 10,
      maxClockDrift: weather.clockDrift,
    };
    this.world.trace(`${this.id} starts in term ${recovered.hardState.term}`);
    this.state = core.createState(options, recovered, this.nowMs(), dice.next());
    this.gate = new core.WriteGate();
    this.life++;
    if (recovered.snapshot !== undefined) checker.restored(this.id, recovered.snapshot.data, recovered.snapshot.index);
    this.armTick();
  }

  /** Power loss: a write in flight happened or not; the rest of the memory is gone. */
  crash(): void {
    if (this.state === undefined) return;
    this.world.trace(`${this.id} crashes`);
    if (this.writing !== undefined && this.world.dice.chance(0.5)) this.writeToDisk(this.writing);
    this.state = undefined;
    this.gate = undefined;
    this.writing = undefined;
    this.reads.clear();
    this.tickAtMs = Number.POSITIVE_INFINITY;
    this.life++;
  }

  /** The process stands still (garbage collection, SIGSTOP); its input waits. */
  pause(forMs: number): void {
    this.world.trace(`${this.id} pauses for ${Math.round(forMs)} ms`);
    this.pausedUntilMs = this.world.agenda.nowMs + forMs;
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

  read(): void {
    const id = this.nextRead++;
    this.reads.set(id, this.world.checker.committed.length);
    this.deliver({ kind: 'read', id });
  }

  private handle(what: What): void {
    const { core, dice } = this.world;
    const state = this.state as RaftState;
    const effects = core.step(state, { what, now: this.nowMs(), random: dice.next() });
    for (const effect of effects) this.perform(state, effect);
  }

  private perform(state: RaftState, effect: Effect): void {
    const { checker, counts } = this.world;
    switch (effect.kind) {
      case 'persist':
        checker.appended(this.id, state, effect.batch.entries);
        return (this.gate as WriteGate).add(effect.batch);
      case 'send':
        if (effect.after === 'now' || !(this.gate as WriteGate).hold(effect)) this.send(effect.to, effect.message);
        return;
      case 'apply':
        return checker.applied(this.id, state, effect.entries);
      case 'restore':
        counts.restores++;
        return checker.restored(this.id, effect.snapshot.data, effect.snapshot.index);
      case 'read-ready':
        counts.reads++;
        checker.read(this.id, this.reads.get(effect.id) ?? 0, state.appliedIndex);
        return void this.reads.delete(effect.id);
      case 'read-failed':
        return void this.reads.delete(effect.id);
      case 'proposed':
        counts.proposals++;
        return;
      case 'status':
        return this.status(state);
      default:
        return;
    }
  }

  private status(state: RaftState): void {
    this.world.trace(`${this.id} is ${state.role} in term ${state.term}, led by ${state.leaderId ?? 'nobody'}`);
    if (state.role !== 'leader') return;
    if (state.commitIndex < state.termStartIndex) this.world.counts.elections++;
    this.world.checker.leads(`${this.id}#${this.life}`, state);
  }

  private send(to: string, message: Message): void {
    this.world.checker.sent(this.id, to, message);
    this.world.transmit(this.id, to, message);
  }

  private maybeSnapshot(): void {
    const { weather, counts, checker } = this.world;
    const { appliedIndex: index, snapshot } = this.state as RaftState;
    if (weather.snapshotEvery === 0 || index - (snapshot?.index ?? 0) < weather.snapshotEvery) return;
    counts.snapshots++;
    this.handle({ kind: 'snapshot-taken', index, data: checker.image(index) });
  }

  private maybeWrite(): void {
    const { agenda, dice, weather } = this.world;
    const batch = this.gate?.begin();
    if (batch === undefined) return;
    this.writing = batch;
    const { life } = this;
    agenda.after(dice.between(0, weather.maxSyncMs), () => {
      if (life === this.life) this.written(batch);
    });
  }

  private written(batch: WriteBatch): void {
    this.writeToDisk(batch);
    this.writing = undefined;
    const completed = (this.gate as WriteGate).complete();
    for (const { to, message } of completed.released) this.send(to, message);
    this.deliver({ kind: 'persisted', hardState: completed.hardState, last: completed.last });
  }

  private writeToDisk(batch: WriteBatch): void {
    this.world.checker.beforeWrite(this.id, this.disk.read(), batch);
    this.disk.apply(batch);
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
