import { codeOf, textOf, type Cancel, type Host } from '@batonmq/host';
import { ResponseCode } from '@batonmq/remoting';
import { encodeCommand, type ElectMasterCommand } from '../core/command';
import type { BrokerSet } from '../core/broker-set';
import type { Outcome } from '../core/decision';
import type { BrokerKey } from '../core/liveness-table';
import { mayBeAlive } from '../core/live-view';
import { decodeOutcome, type ControllerStateMachine } from '../core/state-machine';
import { leadsReady, type Consensus } from '../consensus';
import type { BrokerLiveness } from './broker-liveness';

/** The keys that failover reads, each time anew. */
export interface FailoverSettings {
  readonly electMasterMaxRetryCount: number;
  readonly enableElectUncleanMaster: boolean;
  readonly scanInactiveMasterInterval: number;
}

const ATTEMPT_TIMEOUT_MS = 3000;
/** A broker that comes back asks for itself right after its first heartbeat; only for one that does not we act. */
const APPEARED_PATIENCE_MS = 1000;
const MAX_ELECTIONS_AT_ONCE = 256;
/** For an elected broker that lives and does not take its office; doubled with each that is passed over. */
const CONFIRM_PATIENCE_MS = 5000;
const MAX_CONFIRM_PATIENCE_MS = 80_000;

/**
 * The elections a leading controller starts by itself (controller.md 5.3). An election is proposed in the very turn in
 * which the closed connection of a master is seen; periods only repair what that missed.
 */
export class Failover {
  private leading = false;
  private cancels: Cancel[] = [];
  /** Sets to look at, in order; each at most once. */
  private readonly waiting = new Set<string>();
  private readonly running = new Set<string>();
  private readonly appearing = new Map<string, Cancel>();
  /** Sets whose elected master has not confirmed its office. */
  private readonly trials = new Map<string, { readonly cancel: Cancel; readonly patienceMs: number }>();

  constructor(
    private readonly host: Pick<Host, 'timers' | 'log'>,
    private readonly machine: ControllerStateMachine,
    private readonly liveness: BrokerLiveness,
    private readonly consensus: Consensus,
    private readonly settings: () => FailoverSettings,
    private readonly onElection: (outcome: Outcome) => void,
  ) {}

  /** Called at every change of role; begins to lead when this node has become a ready leader. */
  roleChanged(): void {
    const leads = leadsReady(this.consensus.status());
    if (leads === this.leading) return;
    this.leading = leads;
    this.stop();
    if (!leads) return;
    this.leading = true;
    const listenMs = this.liveness.listen();
    for (const set of this.machine.sets.values()) this.changed(set);
    const { timers } = this.host;
    this.cancels = [
      timers.every(this.settings().scanInactiveMasterInterval, () => this.scan()),
      timers.after(listenMs + 1, () => this.scan()),
    ];
    // What former leaders accepted is applied by then.
    this.consensus.readIndex(ATTEMPT_TIMEOUT_MS).then(
      () => this.scan(),
      (error: unknown) =>
        this.host.log.info({ error: textOf(error) }, 'the first scan for inactive masters is put off'),
    );
  }

  stop(): void {
    this.leading = false;
    for (const cancel of [...this.cancels, ...this.appearing.values()]) cancel();
    for (const { cancel } of this.trials.values()) cancel();
    this.trials.clear();
    this.cancels = [];
    this.waiting.clear();
    this.appearing.clear();
  }

  lost(brokers: readonly BrokerKey[]): void {
    for (const { clusterName, brokerName, brokerId } of brokers) {
      const set = this.machine.sets.get(brokerName);
      const wasMaster = set?.masterBrokerId === brokerId && set.clusterName === clusterName;
      if (!this.leading) continue;
      this.host.log.info(
        { clusterName, brokerName, brokerId, wasMaster },
        'Controller Manager received broker inactive event',
      );
      if (wasMaster) this.examine(brokerName);
    }
  }

  appeared({ brokerName }: BrokerKey): void {
    if (!this.leading || this.appearing.has(brokerName) || this.wanted(brokerName) === undefined) return;
    const examine = (): void => {
      this.appearing.delete(brokerName);
      this.examine(brokerName);
    };
    this.appearing.set(brokerName, this.host.timers.after(APPEARED_PATIENCE_MS, examine));
  }

  /** After each accepted change: an elected master gets some time to take its office. */
  changed({ brokerName, masterEpoch, electorate }: BrokerSet): void {
    const trial = this.trials.get(brokerName);
    trial?.cancel();
    if (!this.leading || electorate === undefined) {
      this.trials.delete(brokerName);
      return;
    }
    this.await(brokerName, masterEpoch, trial === undefined ? CONFIRM_PATIENCE_MS : trial.patienceMs * 2);
  }

  private await(brokerName: string, masterEpoch: number, wantedMs: number): void {
    const patienceMs = Math.min(MAX_CONFIRM_PATIENCE_MS, wantedMs);
    const cancel = this.host.timers.after(patienceMs, () => {
      const set = this.machine.sets.get(brokerName);
      if (set?.masterEpoch !== masterEpoch || set.electorate === undefined) return;
      this.await(brokerName, masterEpoch, patienceMs);
      const command = this.election(set, { passOver: true });
      if (this.running.has(brokerName) || this.machine.decide(command).events.length === 0) return;
      const fields = { brokerName, masterBrokerId: set.masterBrokerId, masterEpoch, waitedMs: patienceMs };
      this.host.log.warn(fields, 'an elected broker does not take its office: another is elected');
      this.run(brokerName, command);
    });
    this.trials.set(brokerName, { cancel, patienceMs });
  }

  /** Elects a master for a set that has none, or a dead one, if that would change anything. */
  examine(brokerName: string): void {
    if (!this.leading) return;
    if (this.running.has(brokerName) || this.running.size >= MAX_ELECTIONS_AT_ONCE) {
      this.waiting.add(brokerName);
      return;
    }
    const command = this.wanted(brokerName);
    if (command !== undefined) this.run(brokerName, command);
  }

  private run(brokerName: string, command: ElectMasterCommand): void {
    this.running.add(brokerName);
    void this.elect(brokerName, command).finally(() => {
      this.running.delete(brokerName);
      const next = [...this.waiting].slice(0, MAX_ELECTIONS_AT_ONCE - this.running.size);
      for (const name of next) this.waiting.delete(name);
      for (const name of next) this.examine(name);
    });
  }

  private scan(): void {
    for (const brokerName of this.machine.sets.keys()) this.examine(brokerName);
  }

  /** The election that would change something now. */
  private wanted(brokerName: string): ElectMasterCommand | undefined {
    const set = this.machine.sets.get(brokerName);
    if (set === undefined || set.masterEpoch === 0) return undefined;
    const command = this.election(set);
    const { live } = command;
    if (set.masterBrokerId !== undefined && mayBeAlive(live, set, set.masterBrokerId)) return undefined;
    const { events, outcome } = this.machine.decide(command);
    if (events.length === 0) return undefined;
    if (outcome.code === ResponseCode.SUCCESS) return command;
    // To say "no master" is of use to somebody who is alive, and only when the candidates had their time to be heard.
    return live.alive.length > 0 && !live.listening ? command : undefined;
  }

  private election({ brokerName, masterEpoch }: BrokerSet, more: { passOver?: boolean } = {}): ElectMasterCommand {
    return {
      kind: 'electMaster',
      brokerName,
      brokerId: -1,
      designateElect: false,
      unclean: this.settings().enableElectUncleanMaster,
      ifMasterEpoch: masterEpoch,
      live: this.liveness.view(brokerName),
      ...more,
    };
  }

  private async elect(brokerName: string, first: ElectMasterCommand): Promise<void> {
    let command: ElectMasterCommand | undefined = first;
    for (let attempt = 1; command !== undefined && this.leading; attempt++) {
      try {
        const outcome = decodeOutcome(await this.consensus.propose(encodeCommand(command), ATTEMPT_TIMEOUT_MS));
        this.onElection(outcome);
        if (outcome.code === ResponseCode.SUCCESS) {
          this.host.log.info({ brokerName, ...outcome.header }, `Elect a new master in broker-set: ${brokerName} done`);
        } else {
          this.host.log.warn(
            { brokerName, code: outcome.code, remark: outcome.remark },
            `Failed to elect a new master for broker-set ${brokerName}`,
          );
        }
        return;
      } catch (error) {
        const fields = { brokerName, attempt, error: textOf(error) };
        this.host.log.warn(fields, `Failed to elect a new master for broker-set ${brokerName}`);
        const hopeless = codeOf(error) === 'NOT_LEADER' || codeOf(error) === 'STOPPED';
        if (hopeless || attempt >= this.settings().electMasterMaxRetryCount) return;
        command = this.wanted(brokerName);
      }
    }
  }
}
