import { Broker } from '@batonmq/broker';
import { Admin } from '@batonmq/client';
import { brokerConfig, controllerConfig, namesrvConfig, readConfig, remotingServerConfig } from '@batonmq/config';
import { Controller, type BrokerSet } from '@batonmq/controller';
import type { Host } from '@batonmq/host';
import { NameServer } from '@batonmq/namesrv';
import { FramedTransport, MemoryDisk, MemoryStorage } from '@batonmq/raft';
import { World, type SimMachine } from '@batonmq/simulator';
import { TestingError } from '../errors';
import type { SimulatedClusterOptions } from './options';
import {
  BROKER_NAME,
  BROKER_PORT,
  CONTROLLER_PORT,
  NAMESRV_PORT,
  RAFT_PORT,
  brokerProperties,
  controllerProperties,
  namesrvProperties,
  type NodeProperties,
} from './properties';
import { SimulatedNode } from './simulated-node';

/** The one replica group as a controller has it. */
export interface GroupState {
  readonly masterBrokerId: number | undefined;
  readonly masterEpoch: number;
  readonly syncStateSet: readonly number[];
  readonly syncStateSetEpoch: number;
}

const START_LIMIT_MS = 60_000;

/**
 * Name servers, controllers and one replica group of brokers: production code on the machines of one simulated world,
 * in virtual time. Nothing moves unless `world.run`, or one of the methods here that return a promise, is awaited.
 */
export class SimulatedCluster {
  readonly world: World;
  readonly nameServers: readonly SimulatedNode<NameServer>[];
  readonly controllers: readonly SimulatedNode<Controller>[];
  readonly brokers: readonly SimulatedNode<Broker>[];
  /** `ip:port;ip:port` */
  readonly namesrvAddress: string;
  readonly controllerAddress: string;
  private readonly storeLosses = new Map<string, () => void>();

  constructor(private readonly options: SimulatedClusterOptions) {
    this.world = new World(options);
    const machines = (kind: string, count: number): SimMachine[] =>
      Array.from({ length: count }, (_, index) => this.machine(`${kind}-${index + 1}`));
    const names = machines('namesrv', options.nameServers ?? 1);
    const controllers = machines('controller', options.controllers ?? 3);
    const brokers = machines('broker', options.brokers ?? 3);
    this.namesrvAddress = addresses(names, NAMESRV_PORT);
    this.controllerAddress = addresses(controllers, CONTROLLER_PORT);
    this.nameServers = names.map((machine) => this.nameServer(machine));
    const peers = controllers.map(({ name, address }) => ({ id: name, address }));
    this.controllers = controllers.map((machine, index) => this.controller(machine, `n${index}`, peers));
    this.brokers = brokers.map((machine) => this.broker(machine));
  }

  get nodes(): readonly SimulatedNode[] {
    return [...this.nameServers, ...this.controllers, ...this.brokers];
  }

  /** @throws TestingError NO_SUCH_NODE */
  node(name: string): SimulatedNode {
    const found = this.nodes.find((node) => node.name === name);
    if (found !== undefined) return found;
    const known = this.nodes.map((node) => node.name).join(', ');
    throw new TestingError('NO_SUCH_NODE', `there is no node ${name}; there are ${known}`);
  }

  /** Boots everything, and resolves when a master is elected, all replicas are in sync and routes are known. */
  async start(): Promise<void> {
    for (const node of this.nodes) if (!node.machine.running) node.start();
    await this.until('the group is complete', START_LIMIT_MS, () => this.isComplete());
  }

  /** kill -9 of its process. */
  kill(name: string): void {
    this.node(name).kill();
  }

  /** Power loss. */
  crash(name: string, options?: { silent?: boolean }): void {
    this.node(name).crash(options);
  }

  /** A controller's process ends, and all that it had stored is gone. @throws TestingError NO_SUCH_NODE */
  loseStore(controller: string): void {
    const lose = this.storeLosses.get(controller);
    if (lose === undefined) throw new TestingError('NO_SUCH_NODE', `there is no controller ${controller}`);
    this.node(controller).kill();
    lose();
  }

  /** Starts the process again, killing one that runs. */
  restart(name: string): void {
    this.node(name).start();
  }

  /** See World.partition; machines are named as nodes and clients are. */
  partition(a: string[], b: string[], options?: { oneWay?: boolean }): void {
    this.world.partition(a, b, options);
  }

  /** Ends all partitions and slow links. */
  heal(): void {
    this.world.heal();
  }

  /** The host of a new process on the client machine of this name: construct producers, consumers, anything with it. */
  client(name: string): Host {
    return this.machine(name).boot();
  }

  /** Creates the topic on the master, and resolves when its in-sync replicas and the name servers have it. */
  async createTopic(topic: string, queues: number): Promise<void> {
    const admin = new Admin(this.client('operator'), { nameServers: this.namesrvAddress });
    let done = false;
    const attempt = async (): Promise<void> => {
      while (!done) {
        const { master } = this;
        if (master !== undefined) {
          done = await admin.createTopic(master.address, topic, queues).then(
            () => true,
            () => false,
          );
        }
        if (!done) await new Promise<void>((resolve) => void this.world.after(100, resolve));
      }
    };
    const created = attempt();
    await this.until(`topic ${topic} is created`, START_LIMIT_MS, () => done);
    await created;
    this.machine('operator').kill();
  }

  /** The broker that holds the office in the highest epoch, by its own account. */
  get master(): SimulatedNode<Broker> | undefined {
    let best: SimulatedNode<Broker> | undefined;
    let bestEpoch = -1;
    for (const node of this.brokers) {
      const state = node.service?.replication?.state();
      if (state?.role !== 'master' || state.masterEpoch <= bestEpoch) continue;
      best = node;
      bestEpoch = state.masterEpoch;
    }
    return best;
  }

  /** As the controller in office has it; undefined while there is none, or it does not know the group yet. */
  groupState(): GroupState | undefined {
    for (const { service } of this.controllers) {
      const status = service?.status();
      if (status?.role !== 'leader' || !status.ready) continue;
      const set = status.sets.get(BROKER_NAME);
      return set === undefined ? undefined : { ...set, syncStateSet: [...set.syncStateSet].sort((a, b) => a - b) };
    }
    return undefined;
  }

  /** Ids of those who could become master, by the newest of what the controllers have applied. */
  candidates(): readonly number[] {
    let newest: BrokerSet | undefined;
    for (const { service } of this.controllers) {
      const set = service?.status().sets.get(BROKER_NAME);
      if (set === undefined) continue;
      const newer =
        newest === undefined || set.masterEpoch + set.syncStateSetEpoch > newest.masterEpoch + newest.syncStateSetEpoch;
      if (newer) newest = set;
    }
    return newest?.electorate ?? newest?.syncStateSet ?? [];
  }

  /** The id that the controllers gave to the broker on this node. */
  brokerIdOf(name: string): number | undefined {
    const { address } = this.node(name);
    for (const { service } of this.controllers) {
      for (const member of service?.status().sets.get(BROKER_NAME)?.members.values() ?? [])
        if (member.address === address) return member.brokerId;
    }
    return undefined;
  }

  /** Every controller has a vote by its own log, and what the leader has committed. */
  controllersAreWhole(): boolean {
    const states = this.controllers.map(({ service }) => service?.raftStatus());
    const leader = states.find((state) => state?.role === 'leader' && state.ready);
    if (leader === undefined) return false;
    const ids = states.map((_, index) => `n${index}`);
    return states.every(
      (state) =>
        state !== undefined &&
        state.commitIndex >= leader.commitIndex &&
        ids.every((id) => state.configuration.voters.includes(id)),
    );
  }

  /** A master, and every replica in the SyncStateSet and following. */
  isComplete(): boolean {
    const { master } = this;
    const state = this.groupState();
    if (master === undefined || state === undefined) return false;
    const replica = master.service?.replication?.state();
    return (
      state.syncStateSet.length === this.brokers.length &&
      state.masterEpoch === replica?.masterEpoch &&
      state.masterBrokerId === replica.brokerControllerId &&
      replica.syncStateSet.length === this.brokers.length
    );
  }

  /** Runs the world until the condition holds. @throws TestingError TIMEOUT after `limitMs` virtual ms */
  async until(what: string, limitMs: number, condition: () => boolean): Promise<void> {
    if (await this.world.run(limitMs, condition)) return;
    throw new TestingError('TIMEOUT', `not within ${limitMs} virtual ms: ${what}`, {
      hint: `replay seed ${this.world.seed} and look at world.trace`,
    });
  }

  private machine(name: string): SimMachine {
    return this.world.machine(name, { clockDrift: this.options.clockDrift?.[name] });
  }

  private nameServer(machine: SimMachine): SimulatedNode<NameServer> {
    return new SimulatedNode(this.world, 'namesrv', machine, `${machine.address}:${NAMESRV_PORT}`, (host) => {
      const map = mapOf(namesrvProperties(this.options));
      return new NameServer(
        host,
        readConfig([namesrvConfig, remotingServerConfig], map, 'simulated', host.machine).values,
      );
    });
  }

  private controller(
    machine: SimMachine,
    id: string,
    peers: readonly { id: string; address: string }[],
  ): SimulatedNode<Controller> {
    const members = peers.map(({ address }, index) => ({ id: `n${index}`, address }));
    let disk = new MemoryDisk();
    this.storeLosses.set(machine.name, () => (disk = new MemoryDisk()));
    return new SimulatedNode(this.world, 'controller', machine, `${machine.address}:${CONTROLLER_PORT}`, (host) => {
      const map = mapOf(controllerProperties(this.options, id, members));
      const { values } = readConfig([controllerConfig, remotingServerConfig], map, 'simulated', host.machine);
      return new Controller(host, values, {
        storage: () => new MemoryStorage(disk, { timers: host.timers, syncMs: 0.5 }),
        isBlank: () => disk.isBlank,
        transport: () => new FramedTransport(host),
        raftAddressOf: (peer) => `${members.find((one) => one.id === peer.id)?.address ?? ''}:${RAFT_PORT}`,
      });
    });
  }

  private broker(machine: SimMachine): SimulatedNode<Broker> {
    return new SimulatedNode(this.world, 'broker', machine, `${machine.address}:${BROKER_PORT}`, (host) => {
      const map = mapOf(brokerProperties(this.options, machine.address, this));
      return new Broker(host, readConfig([brokerConfig, remotingServerConfig], map, 'simulated', host.machine).values);
    });
  }
}

function addresses(machines: readonly SimMachine[], port: number): string {
  return machines.map(({ address }) => `${address}:${port}`).join(';');
}

function mapOf(properties: NodeProperties): Map<string, string> {
  return new Map(Object.entries(properties));
}
