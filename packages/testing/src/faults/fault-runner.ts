import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { SimulatedNode } from '../cluster/simulated-node';
import type { Fault, Peers, PlannedFault, Target, Way } from './fault';

const LOOK_AGAIN_MS = 100;

export interface FaultRules {
  /** Brokers come back right after a power loss, whether or not the SyncStateSet has let go of them. */
  readonly rashCrashes: boolean;
}

/** Carries out planned faults while the world runs, within the rules that `Fault` documents. */
export class FaultRunner {
  /** Machines that lost power, until they may come back. */
  private readonly dark = new Set<SimulatedNode>();
  /** Asked to stop; a frozen one takes its time. */
  private readonly stopping = new Set<SimulatedNode>();
  private over = false;
  private cutOff = false;
  done = 0;
  /** The set has shrunk to a machine without power: what that has lost nobody else had to keep. Nothing is promised then. */
  excused = false;

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly rules: FaultRules,
    /** Machines of clients. */
    private readonly clients: readonly string[],
  ) {}

  start(faults: readonly PlannedFault[]): void {
    for (const { atMs, fault, luck } of faults) {
      this.cluster.world.after(atMs, () => {
        if (!this.over) this.carryOut(fault, luck);
      });
    }
  }

  /** No more faults: all is healed, and everybody who may is started; who may not yet follows as soon as possible. */
  end(): void {
    this.over = true;
    const { cluster } = this;
    this.heal();
    for (const node of cluster.nodes) {
      node.machine.disk.heal();
      // Nobody ends in the calm.
      if (this.stopping.has(node)) node.kill();
      if (!node.machine.running && !this.dark.has(node)) node.start();
    }
  }

  /** Whether somebody is still kept down. */
  get waiting(): boolean {
    return this.dark.size > 0;
  }

  private carryOut(fault: Fault, luck: number): void {
    const { cluster } = this;
    this.done += 1;
    switch (fault.kind) {
      case 'heal':
        return this.heal();
      case 'kill-all':
        for (const node of cluster.brokers) {
          if (this.dark.has(node)) continue;
          node.kill();
          this.startLater(node, fault.downMs);
        }
        return;
      case 'split':
        return this.split(fault.mask, fault.way);
      default:
    }
    const node = this.choose(fault.target, luck);
    switch (fault.kind) {
      case 'kill':
        node.kill();
        return this.startLater(node, fault.downMs);
      case 'stop':
        return this.stop(node, fault.downMs);
      case 'crash':
        return this.crash(node, fault);
      case 'freeze':
        return node.machine.freeze(fault.ms);
      case 'isolate':
        return this.cut([node.name], this.peers(fault.from, node), fault.way);
      case 'slow-link':
        for (const other of cluster.brokers)
          if (other !== node) cluster.world.slowLink(node.name, other.name, fault.ms);
        return;
      case 'slow-disk':
        return node.machine.disk.slow(fault.ms);
      default:
        return fault satisfies never;
    }
  }

  private stop(node: SimulatedNode, downMs: number): void {
    this.stopping.add(node);
    void node.stop().then(() => {
      this.stopping.delete(node);
      this.startLater(node, downMs);
    });
  }

  private startLater(node: SimulatedNode, downMs: number): void {
    this.cluster.world.after(downMs, () => {
      if (!this.dark.has(node) && !node.machine.running) node.start();
    });
  }

  private crash(node: SimulatedNode, { downMs, silent }: { downMs: number; silent: boolean }): void {
    if (node.kind !== 'broker' || this.rules.rashCrashes) {
      node.crash({ silent });
      return this.startLater(node, downMs);
    }
    if (!this.mayLosePower(node)) return;
    this.dark.add(node);
    // Not silently: while the controllers believe that it lives they may elect it, and then it is the only member.
    node.crash();
    this.startWhenLeft(node, downMs);
  }

  /** The set is whole, everybody has power and stands by, and nobody is cut off: the set will not shrink to the victim. */
  private mayLosePower(node: SimulatedNode): boolean {
    const calm = !this.cutOff && this.dark.size === 0 && this.cluster.isComplete();
    return calm && node.machine.running && this.cluster.brokers.every(({ machine }) => machine.running);
  }

  private heal(): void {
    this.cutOff = false;
    this.cluster.heal();
  }

  private startWhenLeft(node: SimulatedNode, afterMs: number): void {
    const { cluster } = this;
    cluster.world.after(afterMs, () => {
      const id = this.idOf(node);
      const state = cluster.groupState();
      if (state?.syncStateSet.join() === String(id)) this.excused = true;
      const member = state === undefined || state.syncStateSet.includes(id);
      if (member && !this.excused) return this.startWhenLeft(node, LOOK_AGAIN_MS);
      this.dark.delete(node);
      node.start();
    });
  }

  private idOf(node: SimulatedNode): number {
    return this.cluster.brokerIdOf(node.name) ?? -1;
  }

  private choose(target: Target, luck: number): SimulatedNode {
    const { cluster } = this;
    const of = (nodes: readonly SimulatedNode[]): SimulatedNode =>
      nodes[Math.floor(luck * nodes.length)] as SimulatedNode;
    switch (target) {
      case 'master':
        return cluster.master ?? of(cluster.brokers);
      case 'replica':
        return of(cluster.brokers.filter((node) => node !== cluster.master));
      case 'controller-leader':
        return (
          cluster.controllers.find(({ service }) => service?.status().role === 'leader') ?? of(cluster.controllers)
        );
      case 'controller':
        return of(cluster.controllers);
      case 'namesrv':
        return of(cluster.nameServers);
      default:
        return target satisfies never;
    }
  }

  private peers(peers: Peers, node: SimulatedNode): string[] {
    const { brokers, controllers, nodes } = this.cluster;
    const names = (list: readonly SimulatedNode[]): string[] =>
      list.filter((one) => one !== node).map(({ name }) => name);
    switch (peers) {
      case 'all':
        return [...names(nodes), ...this.clients];
      case 'brokers':
        return names(brokers);
      case 'controllers':
        return names(controllers);
      case 'clients':
        return [...this.clients];
      default:
        return peers satisfies never;
    }
  }

  private split(mask: number, way: Way): void {
    const all = [...this.cluster.nodes.map(({ name }) => name), ...this.clients];
    const left = all.filter((_, index) => (mask & (1 << index)) !== 0);
    const right = all.filter((name) => !left.includes(name));
    this.cut(left, right, way);
  }

  private cut(a: string[], b: string[], way: Way): void {
    if (a.length === 0 || b.length === 0) return;
    this.cutOff = true;
    if (way === 'in') this.cluster.partition(b, a, { oneWay: true });
    else this.cluster.partition(a, b, { oneWay: way === 'out' });
  }
}
