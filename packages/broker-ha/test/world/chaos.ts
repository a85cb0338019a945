import { RequestCode } from '@batonmq/remoting';
import type { HaOptions } from '../../src';
import { Group, type Replica } from './group';

/**
 * Fault model. Processes are killed (the page cache stays), restarted, and frozen; machines are cut off from each other,
 * in one direction or both, brokers from the controller too; the controller restarts, loses answers after carrying them
 * out, ignores requests, forgets to notify, and re-elects the incumbent. Not here: power loss (an ack means the page
 * cache) and unclean elections.
 *
 * What must hold: see `check`.
 */
export class Chaos {
  readonly group: Group;
  private readonly random: () => number;
  private loseRate = 0;
  private silent = false;
  private ambush = false;

  constructor(
    readonly seed: number,
    private readonly ha: Partial<HaOptions> = {},
    private readonly faults: { resets: boolean } = { resets: true },
  ) {
    this.group = new Group({ seed, network: { minDelayMs: 0.1, maxDelayMs: 2 } }, 3, ha);
    const { random } = this.group.world;
    this.random = () => random.next();
  }

  /** @param forMs virtual time of trouble */
  async run(forMs: number): Promise<void> {
    const { group } = this;
    await group.form();
    const endMs = group.world.now() + forMs;
    while (group.world.now() < endMs) {
      this.oneFault();
      const calmMs = this.random() < 0.3 ? 20 : 100 + this.random() * 1500;
      await this.trafficFor(calmMs);
    }
    await this.recover();
    this.check();
  }

  private async trafficFor(ms: number): Promise<void> {
    const { group } = this;
    const endMs = group.world.now() + ms;
    while (group.world.now() < endMs) {
      const burst = 1 + Math.floor(this.random() * 5);
      for (let i = 0; i < burst && !this.silent; i++) group.sendEverywhere();
      await group.world.run(this.random() * 30);
    }
  }

  private oneFault(): void {
    const { group } = this;
    this.silent = this.random() < 0.2;
    const names = ['b1', 'b2', 'b3', 'ctl'];
    const any = this.pick(group.replicas);
    const kinds: (() => void)[] = [
      () => any.machine.kill(),
      () => group.master()?.machine.kill(),
      () => this.bootOne(),
      () => this.bootOne(),
      () => group.world.partition([this.pick(names)], [this.pick(names)], { oneWay: this.random() < 0.5 }),
      () =>
        group.world.partition(
          [any.name],
          names.filter((name) => name !== any.name),
        ),
      () => group.world.heal(),
      () => group.world.heal(),
      () => any.machine.freeze(this.random() * 4000),
      () => (this.loseRate = this.random() < 0.5 ? 0 : this.random()),
      () =>
        group.state.masterId !== undefined && this.faults.resets && void group.controller.crown(group.state.masterId),
      () => (group.controller.notify = this.random() < 0.7),
      () => this.faults.resets && this.restartController(),
      () => this.faults.resets && this.crownAnother(),
      () => this.faults.resets && this.crownAnother(),
      () => (this.ambush = this.faults.resets),
    ];
    this.pick(kinds)();
    this.setFate();
  }

  private bootOne(): void {
    const down = this.group.replicas.filter((replica) => !replica.running);
    if (down.length > 0) void this.pick(down).boot();
  }

  /** An operator's election: any living member of the set; sometimes the new master is cut off before it has done a thing. */
  private crownAnother(): void {
    const { group } = this;
    const id = this.pick(group.state.set);
    if (id === undefined || group.controller.elect(undefined, id) !== 0 || this.random() < 0.5) return;
    this.silent = true;
    const { name } = group.byId(id);
    const others = ['b1', 'b2', 'b3', 'ctl'].filter((other) => other !== name);
    group.world.after(5 + this.random() * 100, () => {
      group.world.partition([name], others);
      this.silent = false;
    });
    group.world.after(this.random() * 6000, () => group.world.heal());
  }

  /** At the next change of the set: its answer is lost, the master loses its slaves, and dies a moment later. */
  private spring(): void {
    const { group } = this;
    const { masterId } = group.state;
    if (masterId === undefined) return;
    this.ambush = false;
    const master = group.byId(masterId);
    const others = ['b1', 'b2', 'b3'].filter((name) => name !== master.name);
    group.world.partition([master.name], others);
    group.world.after(50 + this.random() * 300, () => {
      master.machine.kill();
      group.world.heal();
    });
  }

  private restartController(): void {
    this.group.killController();
    void this.group.bootController();
  }

  private setFate(): void {
    this.group.controller.fate = ({ code }) => {
      if (this.ambush && code === RequestCode.CONTROLLER_ALTER_SYNC_STATE_SET) {
        this.spring();
        return 'lose';
      }
      return this.random() >= this.loseRate ? 'answer' : this.random() < 0.6 ? 'lose' : 'ignore';
    };
  }

  private async recover(): Promise<void> {
    const { group } = this;
    this.loseRate = 0;
    this.ambush = false;
    this.silent = false;
    await group.world.run(6000);
    this.setFate();
    group.controller.notify = true;
    group.world.heal();
    for (const replica of group.replicas) if (!replica.running) void replica.boot();
    await group.until('all are back in the set', () => group.state.set.length === 3, 60_000);
    await group.until('all ends are equal', () => this.level(group.replicas), 20_000);
    const before = group.acks.length;
    for (let i = 0; i < 100 && group.acks.length === before; i++) {
      group.sendEverywhere();
      await group.world.run(100);
    }
    await group.until('sends are acknowledged again', () => group.acks.length > before, 5000);
    await group.until('all ends are equal again', () => this.level(group.replicas), 5000);
  }

  private level(replicas: readonly Replica[]): boolean {
    const end = replicas[0]?.log.maxOffset();
    return replicas.every((replica) => replica.log.maxOffset() === end && replica.log.confirmOffset() === end);
  }

  /** Acknowledged messages survive; logs and histories are one; nobody acknowledged in an epoch after a later one did. */
  private check(): void {
    const { acks, replicas, world } = this.group;
    const fail = (text: string): never => {
      throw new Error(
        `${text}; seed ${this.seed}, options ${JSON.stringify(this.ha)}\n${world.trace.slice(-150).join('\n')}`,
      );
    };
    const texts = replicas.map((replica) => replica.log.texts());
    const [first] = texts;
    for (const other of texts) if (other.join() !== first?.join()) fail('logs differ');
    const present = new Set(first);
    if (this.ha.allAckInSyncStateSet !== false) {
      const lost = acks.filter((ack) => !present.has(ack.text));
      if (lost.length > 0) fail(`${lost.length} acknowledged messages are lost: ${JSON.stringify(lost.slice(0, 3))}`);
    }
    if (present.size !== first?.length) fail('a message is in the log twice');
    for (let i = 1; i < acks.length; i++) {
      const [before, ack] = [acks[i - 1], acks[i]];
      if (before !== undefined && ack !== undefined && ack.epoch < before.epoch) {
        fail(`${ack.by} acknowledged in epoch ${ack.epoch} after ${before.by} in ${before.epoch}`);
      }
    }
    const epochs = replicas.map((replica) => replica.host.files.readAll('/store/epochFileCheckpoint')?.toString());
    if (new Set(epochs).size !== 1) fail(`epoch files differ: ${JSON.stringify(epochs)}`);
  }

  private pick<T>(items: readonly T[]): T {
    return items[Math.floor(this.random() * items.length)] as T;
  }
}
