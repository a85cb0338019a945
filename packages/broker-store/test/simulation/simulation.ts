import { World } from '@batonmq/simulator';
import * as production from '../../src/index';
import { adopt, checkAll, checkNow } from './after-restart';
import { changeRole, cut, deleteTopic } from './changes';
import { Broken } from './checks';
import { damage, endDamaged } from './damage';
import { type Restart, Stage, type Store } from './stage';
import type { Weather } from './weather';
import { Writer } from './writer';

export type { Store } from './stage';

export interface Outcome {
  readonly failed: boolean;
  readonly why: string;
  readonly weather: Weather;
  readonly trace: readonly string[];
  readonly counts: Readonly<Record<string, number>>;
}

/** Of the wall clock. */
const START_MS = 1_767_225_600_000;

/**
 * One history of a store on a disk that forgets. Fault model: the process is killed (page cache kept), or the power goes
 * (of what was not synced any sectors and any directory entries are lost), between any two operations on files, those of
 * start and stop included; writes and syncs fail for a while; bits of the log, the queues, the index or the checkpoint flip.
 * What must survive: see `checks.ts` and `after-restart.ts`. One seed is one run.
 */
export async function simulate(seed: number, store: Store = production, more: Partial<Weather> = {}): Promise<Outcome> {
  const world = new World({ seed, startWallMs: START_MS, traceLevel: 'warn', traceLimit: 400 });
  const stage = new Stage(world, store, seed, more);
  let why = '';
  try {
    await new Run(stage).play();
  } catch (error) {
    why =
      error instanceof Error
        ? error instanceof Broken
          ? error.message
          : `${error.message}\n${error.stack}`
        : String(error);
  }
  return { failed: why !== '', why, weather: stage.weather, trace: world.trace, counts: stage.counts };
}

/** Draws what happens, step by step. */
class Run {
  private readonly writer: Writer;
  /** Where a bit has flipped; see `damage`. */
  private damagedAt: number | undefined;

  constructor(private readonly stage: Stage) {
    this.writer = new Writer(stage, START_MS);
  }

  async play(): Promise<void> {
    const { stage } = this;
    await stage.openUntilUp();
    for (let step = 0; step < stage.weather.steps && this.damagedAt === undefined; step++) {
      await this.step();
      if (this.damagedAt !== undefined) break;
      if (stage.unnoted) return;
      if (!stage.machine.running) await this.comeBack();
      else checkNow(stage);
    }
    if (this.damagedAt !== undefined) return endDamaged(stage, this.damagedAt);
    stage.disarm();
    await this.restart('stop');
    await stage.stop();
  }

  private async step(): Promise<void> {
    const { stage, writer } = this;
    const { prng, weather } = stage;
    if (prng.chance(0.08)) stage.armDeath();
    if (prng.chance(0.5)) await stage.mends();
    if (!stage.machine.running) return;
    const dice = prng.int(100);
    if (dice < 45) return writer.write();
    if (dice < 55) return stage.pass(prng.int(3000));
    if (dice < 60) return stage.pass(prng.int(20_000));
    if (dice < 67) return cut(stage, writer);
    if (dice < 72) return changeRole(stage, writer);
    if (dice < 76) return deleteTopic(stage);
    if (dice < 81) return stage.breakOrHeal();
    if (dice < 86) return this.restart('stop');
    if (dice < 90 && weather.damage) {
      this.damagedAt = damage(stage);
      return;
    }
    return this.restart(prng.chance(weather.powerLosses) ? 'power' : 'kill');
  }

  private async restart(how: Restart): Promise<void> {
    const { stage } = this;
    if (how === 'stop') {
      if (stage.faulty) stage.heal();
      if (await stage.stop()) stage.howToDie = 'stop';
    }
    stage.die(how === 'stop' ? 'kill' : how);
    if (how === 'stop' && stage.howToDie === 'kill') stage.howToDie = 'stop';
    await this.comeBack();
  }

  /** After a death: opens, and compares what is there with what must be. */
  private async comeBack(): Promise<void> {
    const { stage } = this;
    const how = stage.howToDie;
    stage.counts[{ stop: 'stops', kill: 'kills', power: 'powerLosses' }[how]]!++;
    if (stage.faulty) stage.heal();
    let power = how === 'power';
    await stage.openUntilUp(() => (power ||= stage.howToDie === 'power'));
    adopt(stage, this.writer, power);
    await stage.dispatched();
    if (stage.machine.running) checkAll(stage);
    else await this.comeBack();
  }
}
