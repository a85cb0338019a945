import { silentLog, type Host } from '@batonmq/host';
import { RaftError } from '../../src/errors';
import { MemoryDisk, MemoryStorage, RaftNode, type MembershipChange, type StateMachine } from '../../src/index';
import type { Message } from '../../src/core/message';
import { decodeBatch, encodeBatch } from '../../src/proto/codec';
import type { Peer, RaftTransport, TransportIdentity, TransportReceiver } from '../../src/transport/transport';
import { Agenda } from './agenda';
import { Violation } from './checker';
import { Dice } from './dice';
import { History } from './history';
import { isLinearizable } from './linearizability';
import { drawPlan, type Action } from './plan';
import { drawChange } from './simulation';
import { drawWeather, type Weather } from './weather';

const ELECTION_TIMEOUT_MS = 100;
const HEARTBEAT_MS = 20;
/** How long after the storm a proposal must get through and reach all members. */
const CALM_MS = 60_000;

/**
 * The same storm around whole RaftNodes: their write gate, storage port, proposals, reads, timers and message codec, in
 * virtual time. What clients see is checked: histories, and that all machines agree. Slower by far, so for fewer seeds;
 * the rules inside of a node are for `simulate`.
 * @throws Violation
 */
export async function simulateNodes(seed: number): Promise<{ readonly committed: number; readonly changes: number }> {
  const world = new World(seed);
  await world.run();
  return { committed: world.applied.size, changes: world.changes };
}

/** One run of a process: dead, its timers and messages are lost, and so is what it had not synced. */
interface Life {
  alive: boolean;
  readonly node: RaftNode;
  readonly machine: Register;
  readonly transport: SimTransport;
}

class World {
  readonly agenda = new Agenda();
  readonly history = new History();
  /** By index, what was applied: every machine must agree. */
  readonly applied = new Map<number, { readonly value: number; readonly before: number }>();
  changes = 0;
  private readonly dice: Dice;
  private readonly weather: Weather;
  private readonly founders: readonly string[];
  private readonly ids: readonly string[];
  private readonly plan: readonly Action[];
  private readonly disks = new Map<string, MemoryDisk>();
  private readonly speeds = new Map<string, number>();
  private readonly lives = new Map<string, Life>();
  private readonly broken = new Set<string>();
  private storm = true;
  private payload = 0;
  private failure: unknown;

  constructor(seed: number) {
    const dice = new Dice(seed + 0xa0de);
    this.weather = { ...drawWeather(dice), pauseEveryMs: 0, slowDiskEveryMs: 0, crashAtWriteEveryMs: 0 };
    this.founders = Array.from({ length: this.weather.nodes }, (_, i) => `n${i + 1}`);
    this.ids = [...this.founders, ...Array.from({ length: this.weather.spares }, (_, i) => `s${i + 1}`)];
    this.plan = drawPlan(dice, this.weather, this.ids);
    this.dice = new Dice(seed + 0xbeef);
    const { clockDrift } = this.weather;
    for (const id of this.ids) {
      this.disks.set(id, new MemoryDisk());
      this.speeds.set(id, 1 + this.dice.between(-clockDrift, clockDrift));
    }
  }

  async run(): Promise<void> {
    for (const id of this.ids) this.start(id);
    for (const action of this.plan) this.agenda.at(action.atMs, () => this.perform(action));
    await this.until(this.weather.stormMs, () => false);
    this.storm = false;
    this.broken.clear();
    for (const id of this.ids) this.start(id);
    const before = this.applied.size;
    const knock = (): void => {
      if (this.applied.size < before + 3) this.propose(1);
      this.agenda.after(20, knock);
    };
    knock();
    const together = await this.until(this.agenda.nowMs + CALM_MS, () => this.isTogether(before + 3));
    if (!together) throw new Violation(`liveness: the group does not come together\n${this.describe()}`);
    for (const life of this.lives.values()) life.alive = false;
    const { brokenRefusal } = this.history;
    if (brokenRefusal !== undefined) throw new Violation(`outcome: ${brokenRefusal} was refused, but happened`);
    if (!isLinearizable(this.history.toCheck())) throw new Violation('linearizable history: there is no order for it');
  }

  private async until(limitMs: number, done: () => boolean): Promise<boolean> {
    for (let events = 1; this.agenda.runNext(limitMs); events++) {
      await new Promise((resolve) => setImmediate(resolve)); // all promise jobs
      if (this.failure !== undefined) throw this.failure;
      if (events % 16 === 0 && done()) return true;
    }
    return done();
  }

  private describe(): string {
    const lines = [...this.lives].map(([id, { node, machine, transport }]) => {
      const status = JSON.stringify(node.status());
      return `${id} has ${machine.value}, talks to ${transport.known} of ${transport.peersIndex} ${status}`;
    });
    return lines.join('\n');
  }

  private isTogether(count: number): boolean {
    const leader = this.leaders().find(({ node }) => node.status().ready);
    if (leader === undefined || this.applied.size < count) return false;
    const { configuration, commitIndex } = leader.node.status();
    if (configuration.outgoing.length > 0 || configuration.index > commitIndex) return false;
    const members = [...configuration.voters, ...configuration.learners];
    return members.every((id) => this.lives.get(id)?.machine.value === leader.machine.value);
  }

  private leaders(): Life[] {
    return [...this.lives.values()].filter(({ alive, node }) => alive && node.status().role === 'leader');
  }

  private start(id: string): void {
    if (this.lives.get(id)?.alive === true) return;
    const { weather, dice, agenda } = this;
    const isFounder = this.founders.includes(id);
    const peers = (isFounder ? this.founders : [...this.founders, id]).map(peerOf);
    const speed = this.speeds.get(id) ?? 1;
    const after = (delayMs: number, task: () => void): (() => void) => {
      let wanted = true;
      agenda.after(delayMs / speed, () => {
        if (wanted && life.alive) task();
      });
      return () => void (wanted = false);
    };
    const host: Pick<Host, 'clock' | 'timers' | 'random' | 'log'> = {
      clock: { monotonicMs: () => agenda.nowMs * speed, wallMs: () => 0 },
      timers: {
        after,
        every: () => () => {},
        endOfTurn: (task) => queueMicrotask(() => (life.alive ? task() : undefined)),
      },
      random: { next: () => dice.next(), bytes: (length) => Buffer.alloc(length) },
      log: silentLog,
    };
    const machine = new Register((index, value, before) => this.note(id, index, value, before));
    const transport = new SimTransport(id, (to, bytes) => this.transmit(id, to, bytes));
    const syncMs = dice.between(0, weather.maxSyncMs);
    const storage = new MemoryStorage(this.disks.get(id), { timers: host.timers, syncMs });
    const node = new RaftNode({
      host,
      id,
      group: 'simulated',
      peers,
      join: !isFounder,
      storage,
      transport,
      machine,
      electionTimeoutMs: ELECTION_TIMEOUT_MS,
      heartbeatMs: HEARTBEAT_MS,
      snapshotEveryEntries: weather.snapshotEvery,
      maxClockDrift: weather.clockDrift,
      maxPromotionLag: 10,
      timeoutMs: 2000,
    });
    const life: Life = { alive: true, node, machine, transport };
    this.lives.set(id, life);
    node.start().catch((error: unknown) => this.fail(error));
    node.onRoleChange(({ role }) => {
      if (role === 'stopped') this.fail(new Violation(`a node that should run: ${id} stopped itself`));
    });
  }

  private fail(error: unknown): void {
    this.failure ??= error;
  }

  private note(id: string, index: number, value: number, before: number): void {
    const known = this.applied.get(index);
    if (known === undefined) {
      this.applied.set(index, { value, before });
      this.history.committed(value, before);
    } else if (known.value !== value || known.before !== before) {
      this.fail(new Violation(`state machine safety: ${id} applies ${value} at ${index}, was ${known.value}`));
    }
  }

  private crash(id: string, forMs: number): void {
    const life = this.lives.get(id);
    if (life === undefined || !life.alive) return;
    life.alive = false;
    life.transport.kill();
    this.agenda.after(forMs, () => this.start(id));
  }

  private perform(action: Action): void {
    switch (action.kind) {
      case 'propose':
        return this.propose(action.count);
      case 'read':
        return this.leaders().forEach((life) => this.read(life, action.byLease));
      case 'crash':
        return action.nodes.forEach((id) => this.crash(id, action.forMs));
      case 'cut':
        return this.cut(action.links, action.forMs);
      case 'cut-leader': {
        const leader = this.leaders().at(-1)?.node.status().leaderId;
        const links = this.ids.flatMap((id) => [`${id}>${leader}`, `${leader}>${id}`]);
        return leader === undefined ? undefined : this.cut(links, action.forMs);
      }
      case 'transfer':
        return this.leaders().forEach(({ node }) => void node.transferLeadership(action.to).catch(isKnown));
      case 'change':
        return this.leaders().forEach(({ node }) => {
          const change = drawChange(new Dice(action.lot), node.status().configuration, this.ids);
          this.change(node, change);
        });
      default: // not drawn here
    }
  }

  private change(node: RaftNode, change: MembershipChange): void {
    node.changeMembership(change).then(() => this.changes++, isKnown);
  }

  private propose(count: number): void {
    for (const life of this.leaders()) {
      for (let i = 0; i < count; i++) {
        const value = ++this.payload;
        const data = Buffer.alloc(4);
        data.writeUInt32BE(value);
        this.history.swap(value);
        life.node.propose(data).then(
          (result) => life.alive && this.history.swapped(value, result.readUInt32BE(0)),
          (error: unknown) => {
            isKnown(error);
            const { code } = error as RaftError;
            if (code === 'NOT_LEADER' || code === 'DROPPED') this.history.refused(value);
          },
        );
      }
    }
  }

  private read(life: Life, byLease: boolean): void {
    const answer = this.history.read();
    const { node, machine } = life;
    (byLease ? node.leaseRead() : node.readIndex()).then(
      () => life.alive && answer(machine.value),
      (error: unknown) => {
        isKnown(error);
        answer(undefined);
      },
    );
  }

  private cut(links: readonly string[], forMs: number): void {
    for (const link of links) this.broken.add(link);
    this.agenda.after(forMs, () => links.forEach((link) => this.broken.delete(link)));
  }

  private transmit(from: string, to: string, bytes: Buffer): void {
    const { dice, weather, storm, agenda } = this;
    if (this.broken.has(`${from}>${to}`) || (storm && dice.chance(weather.loss))) return;
    const peersIndex = this.lives.get(from)?.transport.peersIndex ?? 0;
    const copies = storm && dice.chance(weather.duplication) ? 2 : 1;
    for (let i = 0; i < copies; i++) {
      agenda.after(dice.between(0.1, storm ? weather.maxDelayMs : Math.min(10, weather.maxDelayMs)), () =>
        this.lives.get(to)?.transport.receive(from, peersIndex, bytes),
      );
    }
  }
}

/** What a client may have to live with; anything else is a bug. */
function isKnown(error: unknown): void {
  if (!(error instanceof RaftError) || !['NOT_LEADER', 'DROPPED', 'TIMEOUT', 'STOPPED'].includes(error.code))
    throw error;
}

function peerOf(id: string): Peer {
  return { id, address: `${id}:1` };
}

/** The transport port as the real ones behave: only known peers, or who knows of newer ones; bytes on the wire. */
class SimTransport implements RaftTransport {
  peersIndex = 0;
  private settledIndex = 0;
  private peers = new Set<string>();
  private receiver: TransportReceiver | undefined;

  constructor(
    private readonly id: string,
    private readonly transmit: (to: string, bytes: Buffer) => void,
  ) {}

  get known(): string {
    return [...this.peers].join();
  }

  async start(identity: TransportIdentity, receiver: TransportReceiver): Promise<void> {
    this.receiver = receiver;
    this.setPeers(identity.peers, 0, 0);
  }

  setPeers(peers: readonly Peer[], index: number, settledIndex: number): void {
    this.peersIndex = index;
    this.settledIndex = settledIndex;
    this.peers = new Set(peers.map(({ id }) => id));
  }

  send(to: string, message: Message): void {
    if (this.receiver !== undefined && to !== this.id && this.peers.has(to)) this.transmit(to, encodeBatch([message]));
  }

  receive(from: string, peersIndex: number, bytes: Buffer): void {
    if (!this.peers.has(from)) {
      if (peersIndex <= this.settledIndex) return;
      this.peers.add(from);
    }
    for (const message of decodeBatch(bytes)) this.receiver?.message(from, message);
  }

  kill(): void {
    this.receiver = undefined;
  }

  async stop(): Promise<void> {
    this.receiver = undefined;
  }
}

/** A register: each change gives back what was there before. */
class Register implements StateMachine {
  value = 0;

  constructor(private readonly note: (index: number, value: number, before: number) => void) {}

  apply(data: Buffer, index: number): Buffer {
    const before = this.value;
    this.value = data.readUInt32BE(0);
    this.note(index, this.value, before);
    return bytesOf(before);
  }

  snapshot(): Buffer {
    return bytesOf(this.value);
  }

  restore(snapshot: Buffer): void {
    this.value = snapshot.readUInt32BE(0);
  }
}

function bytesOf(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}
