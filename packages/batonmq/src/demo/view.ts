import type { ReplicaGroup } from '@batonmq/client';
import type { DemoResult } from './demo';
import type { Tally } from './tally';

const POLL_MS = 150;
/** Without a terminal a line per second is enough for a log. */
const QUIET_EVERY = 7;

/** The live line, on standard error. */
export class LiveView {
  private phase = '';
  private round = 0;
  private stopped = false;

  constructor(
    private readonly group: () => Promise<ReplicaGroup | undefined>,
    private readonly tally: Tally,
  ) {}

  start(): void {
    void this.loop();
  }

  stop(): void {
    this.stopped = true;
    if (process.stderr.isTTY) process.stderr.write('\r\x1b[K');
  }

  /** A line that stays. */
  say(text: string): void {
    this.phase = text;
    process.stderr.write(`${process.stderr.isTTY ? '\r\x1b[K' : ''}${text}\n`);
  }

  private async loop(): Promise<void> {
    while (!this.stopped) {
      const line = lineOf(await this.group(), this.tally);
      if (this.stopped) return;
      if (process.stderr.isTTY) process.stderr.write(`\r\x1b[K${line.slice(0, (process.stderr.columns ?? 120) - 1)}`);
      else if (this.round++ % QUIET_EVERY === 0) process.stderr.write(`  ${line}\n`);
      await new Promise((resolve) => setTimeout(resolve, POLL_MS).unref());
    }
  }
}

function lineOf(group: ReplicaGroup | undefined, tally: Tally): string {
  const traffic = `sent ${tally.sent}  acknowledged ${tally.acknowledged}  consumed ${tally.consumed}`;
  if (group === undefined) return `no active controller  ${traffic}`;
  const master = group.masterBrokerId;
  const roles = [...group.inSync, ...group.notInSync]
    .sort((a, b) => a.brokerId - b.brokerId)
    .map(({ brokerId, alive }) => `${brokerId}:${!alive ? 'down' : brokerId === master ? 'MASTER' : 'slave'}`);
  const set = group.inSync.map((replica) => replica.brokerId).sort((a, b) => a - b);
  return `epoch ${group.masterEpoch}  ${roles.join(' ')}  in sync {${set.join(',')}}  ${traffic}`;
}

export function printTable(result: DemoResult): void {
  const cell = (value: string | number, width: number): string => String(value).padStart(width);
  const out = (line: string): boolean => process.stdout.write(`${line}\n`);
  out('');
  out('failover  killed        elected  epoch  kill to first ack  kill to route  restart to in sync');
  result.failovers.forEach((one, index) => {
    const times = `${cell(`${one.toFirstAckMs} ms`, 17)}${cell(`${one.toRouteMs} ms`, 15)}${cell(`${one.toBackInSyncMs} ms`, 20)}`;
    out(`${cell(index + 1, 8)}  ${one.killed.padEnd(12)}${cell(one.elected, 9)}${cell(one.epoch, 7)}  ${times}`);
  });
  out('');
  const { sent, acknowledged, consumed, lost, duplicated, clusterUpMs } = result;
  out(
    `cluster up in ${clusterUpMs} ms; sent ${sent}, acknowledged ${acknowledged}, consumed ${consumed}, lost ${lost}, duplicated ${duplicated}`,
  );
}
