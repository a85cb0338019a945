import { textOf } from '@batonmq/host';
import { allChecks, checksOfTheMaster } from '../checks/all-checks';
import type { Check } from '../checks/check';
import { controllersAreLevel, watchControllers } from '../checks/controllers-agree';
import { readReplica } from '../checks/final-state';
import { SimulatedCluster } from '../cluster/simulated-cluster';
import { FaultRunner } from '../faults/fault-runner';
import { History } from '../history';
import { FollowingSender } from '../workload/following-sender';
import { observeGrants } from '../workload/observe-grants';
import { startReader } from '../workload/reader';
import { StubbornSender } from '../workload/stubborn-sender';
import { draw, type Draw } from './draw';

export interface ScenarioOptions {
  readonly seed: number;
  /** Changes what the seed drew. */
  readonly adjust?: (drawn: Draw) => Draw;
  /** Plants a bug into the cluster before it starts. */
  readonly plant?: (cluster: SimulatedCluster) => void;
}

export interface ScenarioReport {
  readonly seed: number;
  readonly drawn: Draw;
  /** What was found wrong, one line each; empty: all invariants held. */
  readonly violations: readonly string[];
  readonly sent: number;
  readonly acknowledged: number;
  readonly delivered: number;
  readonly faults: number;
  /** Epochs of masters that were gone through. */
  readonly epochs: number;
  /** From the end of all trouble to a complete group that takes messages. */
  readonly recoveryMs: number;
  readonly virtualMs: number;
  readonly events: number;
  /** Equal for equal runs. */
  readonly fingerprint: number;
  readonly trace: readonly string[];
}

const TOPIC = 'orders';
/** The cluster comes back within this, once everything is healed and started. */
export const RECOVERY_LIMIT_MS = 40_000;
const QUIET_LIMIT_MS = 30_000;
const READER = 'reader';
const FOLLOWER = 'sender';

/**
 * One run: a cluster comes up; clients send without pause while things break; everything is healed and restarted; when
 * the cluster is whole and has acknowledged again, sends stop, and the invariants are checked.
 */
export async function runScenario(options: ScenarioOptions): Promise<ScenarioReport> {
  const drawn = options.adjust?.(draw(options.seed)) ?? draw(options.seed);
  const cluster = new SimulatedCluster(drawn.cluster);
  const history = new History();
  options.plant?.(cluster);
  observeGrants(cluster, history);
  watchControllers(cluster, history);
  const run = new Run(cluster, history, drawn);
  const violations: string[] = [];
  try {
    violations.push(...(await run.all()));
  } catch (error) {
    violations.push(textOf(error));
  }
  violations.unshift(...history.violations);
  const { world } = cluster;
  return {
    seed: options.seed,
    drawn,
    violations,
    sent: history.sent,
    acknowledged: history.acknowledged.length,
    delivered: history.delivered.length,
    faults: run.faults.done,
    epochs: cluster.groupState()?.masterEpoch ?? 0,
    recoveryMs: run.recoveryMs,
    virtualMs: world.now(),
    events: world.events,
    fingerprint: world.fingerprint,
    trace: world.trace,
  };
}

class Run {
  readonly faults: FaultRunner;
  recoveryMs = 0;
  private readonly stubborn: StubbornSender[] = [];
  private follower: FollowingSender | undefined;

  constructor(
    private readonly cluster: SimulatedCluster,
    private readonly history: History,
    private readonly drawn: Draw,
  ) {
    const clients = [FOLLOWER, READER, ...cluster.brokers.map(({ name }) => stubbornName(name))];
    this.faults = new FaultRunner(cluster, clients);
  }

  async all(): Promise<string[]> {
    const { cluster, drawn } = this;
    await cluster.start();
    await cluster.createTopic(TOPIC, drawn.queues);
    this.startClients();
    this.faults.start(drawn.faults);
    await cluster.world.run(drawn.troubleMs);
    try {
      await this.recover();
      await this.calmDown();
    } catch (error) {
      // Losses count more than standing still, and often are the reason for it.
      return [textOf(error), ...this.check(checksOfTheMaster)];
    }
    return this.check(allChecks);
  }

  private startClients(): void {
    const { cluster, history, drawn } = this;
    const options = { topic: TOPIC, queues: drawn.queues, pauseMs: drawn.pauseMs };
    this.follower = new FollowingSender(cluster, FOLLOWER, history, options);
    this.follower.start(drawn.loops);
    for (const node of cluster.brokers) {
      const sender = new StubbornSender(cluster, stubbornName(node.name), node, history, options);
      sender.start();
      this.stubborn.push(sender);
    }
    startReader(cluster, history, TOPIC);
  }

  private async recover(): Promise<void> {
    const { cluster, history } = this;
    cluster.world.note('calm: all is healed and started');
    this.faults.end();
    const from = cluster.world.now();
    for (const sender of this.stubborn) sender.stop();
    await cluster.until('the group is complete again', RECOVERY_LIMIT_MS, () => cluster.isComplete());
    const before = history.acknowledged.length;
    await cluster.until(
      'sends are acknowledged again',
      RECOVERY_LIMIT_MS,
      () => history.acknowledged.length > before + 2,
    );
    this.recoveryMs = cluster.world.now() - from;
  }

  /** Nothing is sent any more; everybody has everything, the consumer too. */
  private async calmDown(): Promise<void> {
    const { cluster, history, stubborn } = this;
    const { follower } = this;
    follower?.stop();
    await cluster.until('no send is open', QUIET_LIMIT_MS, () =>
      [follower, ...stubborn].every((one) => (one?.open ?? 0) === 0),
    );
    await cluster.world.run(QUIET_LIMIT_MS, () => this.isLevel());
    const seen = new Set<number>();
    let read = 0;
    const lastSeen = (): boolean => {
      for (; read < history.delivered.length; read += 1) seen.add(history.delivered[read]?.number ?? -1);
      return history.acknowledged.every(({ number }) => seen.has(number));
    };
    let looked = -1;
    await cluster.world.run(QUIET_LIMIT_MS, () => {
      if (looked === history.delivered.length) return false;
      looked = history.delivered.length;
      return lastSeen();
    });
  }

  private isLevel(): boolean {
    const { cluster } = this;
    const logs = cluster.brokers.map((node) => node.service?.store.log);
    const end = logs[0]?.maxOffset();
    const level = logs.every((log) => log?.maxOffset() === end && log?.confirmOffset() === end);
    return level && cluster.isComplete() && controllersAreLevel(cluster);
  }

  private check(checks: readonly Check[]): string[] {
    const { cluster, history } = this;
    const { master } = cluster;
    if (master === undefined) return ['in the end there is no master'];
    const [own, ...others] = [master, ...cluster.brokers.filter((node) => node !== master)].map((node) =>
      readReplica(node, TOPIC),
    );
    if (own === undefined) return ['in the end there is no master'];
    const evidence = { cluster, history, final: { master: own, slaves: others } };
    return checks.flatMap((check) => check.run(evidence).map((line) => `${check.name}: ${line}`));
  }
}

function stubbornName(broker: string): string {
  return `sender-${broker}`;
}
