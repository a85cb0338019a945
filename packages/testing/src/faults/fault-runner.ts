import type { Broker } from '@batonmq/broker';
import type { SimulatedCluster } from '../cluster/simulated-cluster';
import type { SimulatedNode } from '../cluster/simulated-node';
import type { Fault, Peers, PlannedFault, Target, Trouble, Way } from './fault';

/** Carries out planned faults while the world runs, within the rules that `Fault` documents. */
export class FaultRunner {
  /** The broker whose machine lost power last, or whose disk failed; until the group is whole again no other's does. */
  private unplugged: SimulatedNode<Broker> | undefined;
  /** Asked to stop; a frozen one takes its time. */
  private readonly stopping = new Set<SimulatedNode>();
  private over = false;
  done = 0;

  constructor(
    private readonly cluster: SimulatedCluster,
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

  /** No more faults: all is healed and started. */
  end(): void {
    this.over = true;
    const { cluster } = this;
    cluster.heal();
    for (const node of cluster.nodes) {
      node.machine.disk.heal();
      // Nobody ends in the calm.
      if (this.stopping.has(node)) node.kill();
      if (!node.machine.running) node.start();
    }
  }

  private carryOut(fault: Fault, luck: number): void {
    const { cluster } = this;
    this.done += 1;
    switch (fault.kind) {
      case 'heal':
        return cluster.heal();
      case 'kill-all':
        for (const node of cluster.brokers) {
          node.kill();
          this.startLater(node, fault.downMs);
        }
        return;
      case 'split':
        return this.split(fault.mask, fault.way);
      case 'lose-store':
        return this.loseStore(fault.downMs, luck);
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
      case 'bad-disk':
        return this.spoilDisk(node, fault);
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
      if (!node.machine.running) node.start();
    });
  }

  private crash(node: SimulatedNode, { downMs, silent }: { downMs: number; silent: boolean }): void {
    const broker = this.cluster.brokers.find((one) => one === node);
    if (broker !== undefined) {
      if (!this.mayLosePower(broker)) return;
      this.unplugged = broker;
    }
    node.crash({ silent });
    this.startLater(node, downMs);
  }

  private loseStore(downMs: number, luck: number): void {
    const { cluster } = this;
    const { controllers } = cluster;
    // What two of three have promised, two of three must remember.
    if (!controllers.every(({ machine }) => machine.running) || !cluster.controllersAreWhole()) return;
    const node = controllers[Math.floor(luck * controllers.length)] as SimulatedNode;
    cluster.world.note(`${node.name} loses its store`);
    cluster.loseStore(node.name);
    this.startLater(node, downMs);
  }

  private spoilDisk(node: SimulatedNode, { ms, trouble }: { ms: number; trouble: Trouble }): void {
    const broker = this.cluster.brokers.find((one) => one === node);
    if (broker === undefined || !this.mayLosePower(broker)) return;
    this.unplugged = broker;
    const { disk } = node.machine;
    this.cluster.world.note(`${node.name}: bad disk (${trouble}) for ${ms.toFixed(0)} ms`);
    if (trouble === 'syncs') disk.failSyncs();
    else disk.failWrites(trouble === 'full' ? 'DISK_FULL' : 'FILE_IO');
    this.cluster.world.after(ms, () => {
      disk.heal();
      if (!node.machine.running && node.machine.powered) node.start();
    });
  }

  /**
   * Nobody else's page cache is in doubt, and the set has somebody else. A member alone has promised no more than its page
   * cache.
   */
  private mayLosePower(node: SimulatedNode<Broker>): boolean {
    const { cluster, unplugged } = this;
    if (unplugged !== undefined && unplugged !== node && !(cluster.isComplete() && unplugged.machine.running))
      return false;
    const own = node.service?.replication?.state();
    if (own?.role === 'master' && own.syncStateSet.length < 2) return false;
    const id = cluster.brokerIdOf(node.name) ?? -1;
    return cluster.candidates().some((candidate) => candidate !== id);
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
    if (way === 'in') this.cluster.partition(b, a, { oneWay: true });
    else this.cluster.partition(a, b, { oneWay: way === 'out' });
  }
}
