import { foundedBy } from '../../src/core/configuration';
import type { MembershipChange } from '../../src/core/configuration';
import type { Message } from '../../src/core/message';
import type { Configuration, Member } from '../../src/core/types';
import { Agenda } from './agenda';
import { Checker, Violation } from './checker';
import { realCore, type Core } from './core';
import { Dice } from './dice';
import { History } from './history';
import { isLinearizable } from './linearizability';
import { drawPlan, type Action } from './plan';
import { SimNode, type Surroundings } from './sim-node';
import { ELECTION_TIMEOUT_MS, drawWeather, type Weather } from './weather';

export interface Counts {
  events: number;
  elections: number;
  crashes: number;
  partitions: number;
  snapshots: number;
  restores: number;
  membershipChanges: number;
  reads: number;
  leaseReads: number;
  proposals: number;
  committed: number;
}

export type Outcome =
  | { readonly failed: false; readonly counts: Counts }
  | {
      readonly failed: true;
      readonly counts: Counts;
      /** The rule, a colon, and how it was broken. */
      readonly why: string;
      readonly weather: Weather;
      /** What was done until then. */
      readonly plan: readonly Action[];
      /** Empty unless asked for. */
      readonly trace: readonly string[];
    };

export interface SimulationOptions {
  /** The production core by default. */
  readonly core?: Core;
  /** Instead of what the seed draws. */
  readonly weather?: Partial<Weather>;
  readonly plan?: readonly Action[];
  readonly calmMs?: number;
  readonly traced?: boolean;
}

/** How long a healed group may take to elect, commit and catch up. Generous: slow disks and drift stay. */
const CALM_MS = ELECTION_TIMEOUT_MS * 600;
const MAX_TRACE_LINES = 20_000;
const MAX_BACKLOG = 100;
/** What shows in the calm that the group is alive. */
const NEWS_IN_CALM = 3;

/** One group in a storm of faults, then in calm weather in which it must come together. All of it follows from the seed. */
export function simulate(seed: number, options: SimulationOptions = {}): Outcome {
  const simulation = new Simulation(seed, options);
  try {
    simulation.run();
    return { failed: false, counts: simulation.counts };
  } catch (error) {
    const { counts, weather, lines: trace } = simulation;
    const why = error instanceof Violation ? error.message : `the core failed: ${String((error as Error).stack)}`;
    const plan = simulation.plan.filter(({ atMs }) => atMs <= simulation.agenda.nowMs);
    return { failed: true, counts, why, weather, plan, trace };
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
    membershipChanges: 0,
    reads: 0,
    leaseReads: 0,
    proposals: 0,
    committed: 0,
  };
  readonly lines: string[] = [];
  readonly trace: ((line: string) => void) | undefined;
  readonly agenda = new Agenda();
  readonly dice: Dice;
  readonly weather: Weather;
  readonly founders: readonly string[];
  readonly core: Core;
  readonly checker: Checker;
  readonly history = new History();
  readonly plan: readonly Action[];
  private readonly ids: readonly string[];
  private readonly nodes = new Map<string, SimNode>();
  private readonly all: readonly SimNode[];
  /** By link, how many cuts it suffers from. */
  private readonly broken = new Map<string, number>();
  /** By link, until when it holds back. */
  private readonly held = new Map<string, number>();
  private readonly calmMs: number;
  private storm = true;
  private payload = 0;
  private committedInStorm = 0;

  constructor(seed: number, options: SimulationOptions) {
    const dice = new Dice(seed);
    this.weather = { ...drawWeather(dice), ...options.weather };
    this.calmMs = options.calmMs ?? CALM_MS;
    this.core = options.core ?? realCore;
    this.founders = Array.from({ length: this.weather.nodes }, (_, i) => `n${i + 1}`);
    const spares = Array.from({ length: this.weather.spares }, (_, i) => `s${i + 1}`);
    this.ids = [...this.founders, ...spares];
    this.plan = options.plan ?? drawPlan(dice, this.weather, this.ids);
    // Dice of its own: the rest of the run does not depend on how the plan was come by.
    this.dice = new Dice(seed + 0x5eed);
    if (options.traced === true) this.trace = (line) => this.note(line);
    for (const id of this.ids) this.nodes.set(id, new SimNode(id, this));
    this.all = [...this.nodes.values()];
    const disks = new Map(this.all.map(({ id, disk }) => [id, disk]));
    this.checker = new Checker({ ...foundedBy(this.founders.map(memberOf)), term: 0 }, disks, (value, result) =>
      this.history.committed(value, result),
    );
  }

  private note(line: string): void {
    if (this.lines.length >= MAX_TRACE_LINES) this.lines.shift();
    this.lines.push(`${this.agenda.nowMs.toFixed(1).padStart(8)} ${line}`);
  }

  run(): void {
    for (const node of this.all) node.start();
    for (const action of this.plan) this.agenda.at(action.atMs, () => this.perform(action));
    this.until(this.weather.stormMs, () => false);
    this.calm();
    if (this.weather.steadyMs > 0) this.demandSteadiness();
    this.counts.committed = this.checker.committed.length;
    const { brokenRefusal } = this.history;
    if (brokenRefusal !== undefined) throw new Violation(`outcome: ${brokenRefusal} was refused, but happened`);
    if (!isLinearizable(this.history.toCheck())) throw new Violation('linearizable history: there is no order for it');
  }

  private calm(): void {
    this.trace?.('the storm is over');
    this.storm = false;
    this.broken.clear();
    this.held.clear();
    for (const node of this.all) node.calm();
    this.committedInStorm = this.checker.committed.length;
    this.clientsOfTheCalm();
    const together = this.until(this.agenda.nowMs + this.calmMs, () => this.isTogether());
    if (together) return;
    if (this.trace !== undefined) for (const node of this.all) this.trace(node.describe());
    throw new Violation(`liveness: no new entry on all members ${this.calmMs} ms after the storm`);
  }

  private until(limitMs: number, done: () => boolean): boolean {
    while (this.agenda.runNext(limitMs)) {
      this.counts.events++;
      if (this.counts.events % 16 === 0 && done()) return true;
    }
    return done();
  }

  /** All members have applied the same, and more than before the calm; no change of them is under way. */
  private isTogether(): boolean {
    const end = this.checker.committed.length;
    if (end <= this.committedInStorm + NEWS_IN_CALM) return false;
    const members = this.settledMembers();
    return members !== undefined && members.every((id) => this.nodes.get(id)?.appliedIndex === end);
  }

  private settledMembers(): readonly string[] | undefined {
    const leader = this.leaders().find(({ state }) => state !== undefined && state.commitIndex >= state.termStartIndex);
    if (leader?.state === undefined) return undefined;
    const { index, voters, outgoing, learners } = leader.state.configuration;
    if (outgoing.length > 0 || index > leader.state.commitIndex || !voters.includes(leader.id)) return undefined;
    return [...voters, ...learners];
  }

  /**
   * Somebody the others can do without is cut off, comes back, and must not have disturbed them: neither the leader nor
   * the term changes (PreVote, and the lease of the leader). The same holds for those who were removed and still run.
   */
  private demandSteadiness(): void {
    // What the storm still had on its way comes to its end first: a handover, or what waited for one that paused.
    this.until(this.agenda.nowMs + ELECTION_TIMEOUT_MS * 5, () => false);
    const [leader, other] = this.leaders();
    const { dice } = this;
    if (leader?.state === undefined || other !== undefined || this.settledMembers() === undefined) return;
    const { configuration, term } = leader.state;
    const spare = (id: string): boolean => {
      const voters = configuration.voters.filter((voter) => voter !== id);
      return id !== leader.id && voters.length * 2 > configuration.voters.length;
    };
    const candidates = this.ids.filter(spare);
    if (candidates.length > 0) {
      const victim = dice.pick(candidates);
      const links = this.ids.flatMap((id) => (id === victim ? [] : [`${id}>${victim}`, `${victim}>${id}`]));
      this.cut(links, this.weather.steadyMs * 0.8);
    }
    this.until(this.agenda.nowMs + this.weather.steadyMs, () => false);
    const { state } = leader;
    if (state.role === 'leader' && state.term === term) return;
    throw new Violation(`steadiness: ${leader.id} led in term ${term}, now it is ${state.role} in ${state.term}`);
  }

  private clientsOfTheCalm(): void {
    const { dice } = this;
    const repeat = (everyMs: number, task: () => void): void =>
      this.agenda.after(dice.between(0, 2 * everyMs), () => {
        task();
        repeat(everyMs, task);
      });
    // A few entries are enough to show life; more would outrun a follower that needs snapshot after snapshot.
    const enough = (): boolean => this.checker.committed.length > this.committedInStorm + NEWS_IN_CALM;
    repeat(this.weather.proposeEveryMs, () => {
      if (!enough()) this.propose(1);
    });
    repeat(this.weather.readEveryMs, () => this.leaders().forEach((node) => node.read(dice.chance(0.5))));
  }

  private leaders(): SimNode[] {
    return this.all.filter((node) => node.state?.role === 'leader');
  }

  private perform(action: Action): void {
    switch (action.kind) {
      case 'propose':
        return this.propose(action.count);
      case 'read':
        return this.leaders().forEach((node) => node.read(action.byLease));
      case 'crash':
        return action.nodes.forEach((id) => this.nodes.get(id)?.crashFor(action.forMs));
      case 'crash-at-write':
        return this.nodes.get(action.node)?.armCrash(action);
      case 'cut':
        this.counts.partitions++;
        return this.cut(action.links, action.forMs);
      case 'hold':
        this.trace?.(`hold ${action.links.join(' ')} for ${Math.round(action.forMs)} ms`);
        return action.links.forEach((link) => this.held.set(link, this.agenda.nowMs + action.forMs));
      case 'cut-leader':
        this.counts.partitions++;
        return this.cutLeader(action.ways, action.forMs);
      case 'pause':
        return this.nodes.get(action.node)?.pause(action.forMs);
      case 'slow-disk':
        return this.nodes.get(action.node)?.slowDisk(action.forMs);
      case 'transfer':
        return this.leaders().forEach((node) => node.deliver({ kind: 'transfer', to: action.to }));
      case 'change':
        return this.change(action.lot);
      default:
        return action satisfies never;
    }
  }

  private propose(count: number): void {
    for (const node of this.leaders()) {
      if (node.backlog > MAX_BACKLOG) continue; // as the shell bounds what waits
      node.propose(Array.from({ length: count }, () => ++this.payload));
    }
  }

  private change(lot: number): void {
    for (const node of this.leaders()) {
      if (node.state === undefined) continue;
      const change = drawChange(new Dice(lot), node.state.configuration, this.ids);
      this.trace?.(`${node.id} is asked for ${JSON.stringify(change)}`);
      node.deliver({ kind: 'change', change });
    }
  }

  private cutLeader(ways: 'in' | 'out' | 'both', forMs: number): void {
    const leader = this.leaders().at(-1)?.id;
    const others = this.ids.filter((id) => id !== leader);
    const links = others.flatMap((id) => [
      ...(ways === 'out' ? [] : [`${id}>${leader}`]),
      ...(ways === 'in' ? [] : [`${leader}>${id}`]),
    ]);
    if (leader !== undefined) this.cut(links, forMs);
  }

  private cut(links: readonly string[], forMs: number): void {
    this.trace?.(`cut ${links.join(' ')}`);
    for (const link of links) this.broken.set(link, (this.broken.get(link) ?? 0) + 1);
    this.agenda.after(forMs, () => {
      this.trace?.(`heal ${links.join(' ')}`);
      for (const link of links) {
        const cuts = this.broken.get(link) ?? 0; // none when all was healed meanwhile
        if (cuts <= 1) this.broken.delete(link);
        else this.broken.set(link, cuts - 1);
      }
    });
  }

  transmit(from: string, to: string, message: Message): void {
    const { dice, weather, storm } = this;
    const isCut = this.broken.size > 0 && this.broken.has(`${from}>${to}`);
    if (isCut || (storm && weather.loss > 0 && dice.chance(weather.loss))) {
      this.trace?.(`${from}>${to} lost ${JSON.stringify(message)}`);
      if (dice.chance(0.1)) {
        this.agenda.after(1, () => this.nodes.get(from)?.deliver({ kind: 'unreachable', peer: to }));
      }
      return;
    }
    this.carry(from, to, message);
    if (storm && weather.duplication > 0 && dice.chance(weather.duplication)) this.carry(from, to, message);
  }

  /** Sockets close with their process; of one whose machine is gone nobody hears. */
  ended(id: string): void {
    const { dice, agenda } = this;
    if (dice.chance(0.5)) return;
    for (const node of this.all) {
      if (node.id === id || this.broken.has(`${id}>${node.id}`)) continue;
      agenda.after(dice.between(0.1, 5), () => node.deliver({ kind: 'unreachable', peer: id }));
    }
  }

  private carry(from: string, to: string, message: Message): void {
    const { dice, weather } = this;
    const maxDelayMs = this.storm ? weather.maxDelayMs : Math.min(10, weather.maxDelayMs);
    const what = { kind: 'message', from, message } as const;
    const heldUntilMs = this.held.size === 0 ? 0 : (this.held.get(`${from}>${to}`) ?? 0);
    const heldMs = Math.max(0, heldUntilMs - this.agenda.nowMs);
    this.agenda.after(heldMs + dice.between(0.1, maxDelayMs), () => {
      this.trace?.(`${from}>${to} ${JSON.stringify(message)}`);
      this.nodes.get(to)?.deliver(what);
    });
  }
}

function memberOf(id: string): Member {
  return { id, address: `${id}:1` };
}

/** Some change that is possible in this configuration: one member, or several voters at once. */
export function drawChange(dice: Dice, configuration: Configuration, ids: readonly string[]): MembershipChange {
  const { voters, learners } = configuration;
  const strangers = ids.filter((id) => !voters.includes(id) && !learners.includes(id));
  if (strangers.length > 0 && dice.chance(0.4)) return { learners: [memberOf(dice.pick(strangers))] };
  if (learners.length > 0 && dice.chance(0.5)) return { voters: [memberOf(dice.pick(learners))] };
  if (dice.chance(0.4)) {
    const candidates = [...voters, ...learners];
    const wanted = candidates.filter(() => dice.chance(0.6));
    const going = voters.filter((id) => !wanted.includes(id));
    const coming = wanted.map(memberOf);
    return dice.chance(0.5) ? { voters: coming, removed: going } : { voters: coming, learners: going.map(memberOf) };
  }
  const id = dice.pick([...voters, ...learners]);
  return dice.chance(0.7) ? { removed: [id] } : { learners: [memberOf(id)] };
}
