import { LocalCluster } from '../local-cluster';
import { failOver, type Failover } from './failover';
import { Tally } from './tally';
import { Traffic } from './traffic';
import { LiveView } from './view';

export interface DemoOptions {
  readonly directory: string;
  readonly nameServers: number;
  readonly brokers: number;
  readonly failovers: number;
}

/** Also what --json prints. Times in ms, memory in MiB. */
export interface DemoResult {
  readonly failovers: readonly Failover[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly consumed: number;
  /** Acknowledged and never consumed: must be 0. */
  readonly lost: number;
  /** Deliveries beyond the first of a message. */
  readonly duplicated: number;
  /** Ids of the SyncStateSet when the traffic had ended: these replicas have all that was acknowledged. */
  readonly inSync: readonly number[];
  readonly clusterUpMs: number;
  readonly rssMb: Readonly<Record<string, number>>;
}

const TOPIC = 'DemoTopic';
const QUEUES = 8;
/** Traffic between two failovers. */
const BETWEEN_MS = 500;
/** The consumer has caught up, or stopped making progress. */
const QUIET_MS = 10_000;

/** The whole story: a cluster, traffic, the master killed again and again; what was promised is counted. */
export class Demo {
  readonly cluster: LocalCluster;
  private readonly tally = new Tally();
  private traffic: Traffic | undefined;
  private view: LiveView | undefined;

  constructor(private readonly options: DemoOptions) {
    this.cluster = new LocalCluster(options);
  }

  async run(): Promise<DemoResult> {
    const { cluster, tally } = this;
    const startMs = performance.now();
    process.stderr.write(
      `starting ${this.options.nameServers} name servers with controllers and ${this.options.brokers} brokers in ${this.options.directory}\n`,
    );
    await cluster.start();
    const clusterUpMs = Math.round(performance.now() - startMs);
    await cluster.createTopic(TOPIC, QUEUES);
    const view = (this.view = new LiveView(() => cluster.replicaGroup(), tally));
    const traffic = (this.traffic = new Traffic(cluster.namesrvAddress, TOPIC, tally));
    view.say(`up after ${clusterUpMs} ms`);
    view.start();
    await traffic.start();
    const failovers: Failover[] = [];
    for (let round = 1; round <= this.options.failovers; round += 1) {
      await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
      const one = await failOver(cluster, traffic);
      failovers.push(one);
      view.say(
        `killed ${one.killed}: replica ${one.elected} took over, first acknowledged send after ${one.toFirstAckMs} ms; the victim was back in sync ${one.toBackInSyncMs} ms after its restart`,
      );
    }
    await new Promise((resolve) => setTimeout(resolve, BETWEEN_MS));
    const rssMb = this.memory();
    await traffic.stopSending();
    await this.consumerCaughtUp();
    const { syncStateSet: inSync } = await cluster.groupState();
    const { sent, acknowledged, consumed, duplicated } = tally;
    return { failovers, sent, acknowledged, consumed, lost: tally.missing(), duplicated, inSync, clusterUpMs, rssMb };
  }

  /** Also in the middle of a run: leaves no process behind. */
  async stop(): Promise<void> {
    this.view?.stop();
    await Promise.all([this.traffic?.stop(), this.cluster.stop()]);
  }

  private async consumerCaughtUp(): Promise<void> {
    const { tally } = this;
    tally.lastConsumedMs = performance.now();
    await this.cluster.until(
      'the consumer has caught up',
      10 * QUIET_MS,
      async () => tally.missing() === 0 || performance.now() - tally.lastConsumedMs > QUIET_MS,
    );
  }

  private memory(): Record<string, number> {
    return Object.fromEntries(this.cluster.nodes.map((node): [string, number] => [node.name, node.residentMb() ?? 0]));
  }
}

/** Whether everything that was promised was kept. */
export function isGood(result: DemoResult, failovers: number): boolean {
  return result.lost === 0 && result.acknowledged > 0 && result.failovers.length === failovers;
}
