import type { Message } from '../../src/core/message';
import { Agenda } from './agenda';
import { Checker, Violation } from './checker';
import { realCore, type Core } from './core';
import { Dice } from './dice';
import { SimNode, type Surroundings } from './sim-node';
import { ELECTION_TIMEOUT_MS, drawWeather, type Weather } from './weather';

export interface Counts {
  events: number;
  elections: number;
  crashes: number;
  partitions: number;
  snapshots: number;
  restores: number;
  reads: number;
  proposals: number;
  committed: number;
}

export type Outcome =
  | { readonly failed: false; readonly counts: Counts }
  | {
      readonly failed: true;
      readonly counts: Counts;
      readonly why: string;
      readonly weather: Weather;
      readonly trace: readonly string[];
    };

/** How long a healed group may take to elect, commit and catch up. Generous: slow disks and drift stay. */
export const CALM_MS = ELECTION_TIMEOUT_MS * 600;
const TRACE_LINES = 400;
const MAX_BACKLOG = 200;

/** One group in a storm of faults, then in calm weather in which it must come together. All of it follows from the seed. */
export function simulate(
  seed: number,
  core: Core = realCore,
  overrides: Partial<Weather> = {},
  calmMs = CALM_MS,
): Outcome {
  const simulation = new Simulation(seed, core, overrides, calmMs);
  try {
    simulation.run();
    return { failed: false, counts: simulation.counts };
  } catch (error) {
    const { counts, weather, lines: trace } = simulation;
    const why = error instanceof Violation ? error.message : `the core failed: ${String((error as Error).stack)}`;
    return { failed: true, counts, why, weather, trace };
  }
}

class Simulation implements Surroundings {
  readonly counts: Counts = {
    events: 0,
    elections: 0,
    crashes: 0,
    partitions: 0,
    snapshots: 0,
    restores: 0,
    reads: 0,
    proposals: 0,
    committed: 0,
  };
  readonly lines: string[] = [];
  readonly agenda = new Agenda();
  readonly dice: Dice;
  readonly weather: Weather;
  readonly ids: readonly string[];
  readonly checker: Checker;
  private readonly nodes = new Map<string, SimNode>();
  private readonly broken = new Set<string>();
  private storm = true;
  private payload = 0;
  private committedInStorm = 0;

  constructor(
    seed: number,
    readonly core: Core,
    overrides: Partial<Weather>,
    private readonly calmMs: number,
  ) {
    this.dice = new Dice(seed);
    this.weather = { ...drawWeather(this.dice), ...overrides };
    this.ids = Array.from({ length: this.weather.nodes }, (_, i) => `n${i + 1}`);
    for (const id of this.ids) this.nodes.set(id, new SimNode(id, this));
    this.checker = new Checker(new Map([...this.nodes].map(([id, node]) => [id, node.disk])));
  }

  trace(line: string): void {
    if (this.lines.length >= TRACE_LINES) this.lines.shift();
    this.lines.push(`${this.agenda.nowMs.toFixed(1).padStart(8)} ${line}`);
  }

  run(): void {
    for (const node of this.nodes.values()) node.start();
    this.scheduleFaults();
    this.until(this.weather.stormMs, () => false);
    this.clear();
    this.committedInStorm = this.checker.committed.length;
    const calm = this.until(this.weather.stormMs + this.calmMs, () => this.isTogether());
    this.counts.committed = this.checker.committed.length;
    if (!calm) for (const node of this.all()) this.trace(node.describe());
    if (!calm) throw new Violation(`liveness: no new entry on all nodes ${this.calmMs} ms after the storm`);
  }

  private until(limitMs: number, done: () => boolean): boolean {
    while (this.agenda.runNext(limitMs)) {
      this.counts.events++;
      if (this.counts.events % 16 === 0 && done()) return true;
    }
    return done();
  }

  /** Everybody has applied the same, and more than before the calm. */
  private isTogether(): boolean {
    const end = this.checker.committed.length;
    return end > this.committedInStorm + 3 && this.all().every((node) => node.appliedIndex === end);
  }

  private all(): SimNode[] {
    return [...this.nodes.values()];
  }

  private scheduleFaults(): void {
    const { weather, dice } = this;
    this.repeat(weather.proposeEveryMs, () => this.propose());
    this.repeat(weather.readEveryMs, () => this.leaders().forEach((node) => node.read()));
    if (weather.crashEveryMs > 0) this.repeat(weather.crashEveryMs, () => this.storm && this.crash());
    if (weather.partitionEveryMs > 0) this.repeat(weather.partitionEveryMs, () => this.storm && this.partition());
    if (weather.pauseEveryMs > 0) {
      this.repeat(weather.pauseEveryMs, () => this.storm && dice.pick(this.all()).pause(dice.between(5, 400)));
    }
    if (weather.transferEveryMs > 0) {
      this.repeat(weather.transferEveryMs, () => {
        const to = dice.chance(0.5) ? dice.pick(this.ids) : undefined;
        if (this.storm) this.leaders().forEach((node) => node.deliver({ kind: 'transfer', to }));
      });
    }
  }

  private repeat(everyMs: number, task: () => unknown): void {
    this.agenda.after(this.dice.between(0, 2 * everyMs), () => {
      task();
      this.repeat(everyMs, task);
    });
  }

  private leaders(): SimNode[] {
    return this.all().filter((node) => node.state?.role === 'leader');
  }

  /** In the calm a few are enough to show life; more would outrun a follower that needs snapshot after snapshot. */
  private propose(): void {
    if (!this.storm && this.checker.committed.length > this.committedInStorm + 3) return;
    for (const node of this.leaders()) {
      if (node.backlog > MAX_BACKLOG) continue; // as the shell bounds what waits
      const data = Array.from({ length: this.dice.pick([1, 1, 2, 5]) }, () => {
        const bytes = Buffer.alloc(8);
        bytes.writeUInt32BE(++this.payload, 0);
        return bytes;
      });
      node.deliver({ kind: 'propose', data });
    }
  }

  private crash(): void {
    const { dice } = this;
    const victims = dice.chance(0.2) ? this.all() : [dice.pick(this.all())];
    for (const node of victims) {
      this.counts.crashes++;
      node.crash();
      this.agenda.after(dice.between(1, 400), () => node.start());
    }
  }

  private partition(): void {
    const { dice, ids } = this;
    const side = dice.chance(0.5) ? [dice.pick(ids)] : ids.filter(() => dice.chance(0.5));
    const oneWay = dice.chance(0.4);
    const links: string[] = [];
    for (const a of side) {
      for (const b of ids) {
        if (side.includes(b)) continue;
        links.push(`${a}>${b}`);
        if (!oneWay) links.push(`${b}>${a}`);
      }
    }
    if (links.length === 0) return;
    this.counts.partitions++;
    this.trace(`cut ${links.join(' ')}`);
    for (const link of links) this.broken.add(link);
    this.agenda.after(dice.between(20, 700), () => {
      this.trace(`heal ${links.join(' ')}`);
      for (const link of links) this.broken.delete(link);
    });
  }

  private clear(): void {
    this.trace('the storm is over');
    this.storm = false;
    this.broken.clear();
    for (const node of this.nodes.values()) node.start();
  }

  transmit(from: string, to: string, message: Message): void {
    const { dice, weather } = this;
    const lost = this.broken.has(`${from}>${to}`) || (this.storm && dice.chance(weather.loss));
    if (lost) {
      if (dice.chance(0.1))
        this.agenda.after(1, () => this.nodes.get(from)?.deliver({ kind: 'unreachable', peer: to }));
      return;
    }
    const copies = this.storm && dice.chance(weather.duplication) ? 2 : 1;
    const maxDelayMs = this.storm ? weather.maxDelayMs : Math.min(10, weather.maxDelayMs);
    for (let i = 0; i < copies; i++) {
      this.agenda.after(dice.between(0.1, maxDelayMs), () =>
        this.nodes.get(to)?.deliver({ kind: 'message', from, message }),
      );
    }
  }
}
