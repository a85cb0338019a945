import type { Client } from './client-programs';
import { masterOf, type Cluster, type ClusterNode } from './cluster';
import { eventually } from './deadline';
import { DeliveryLedger, storedBy, type DeliveryReport } from './delivery-ledger';
import type { LineProgram, ProgramEvent } from './line-program';

export interface FailoverPlan {
  readonly topic: string;
  readonly messages: number;
  readonly ratePerSecond: number;
  /** The victim is started again this long after its successor's first acknowledgement. */
  readonly restartAfterMs: number;
}

export interface FailoverOutcome extends DeliveryReport {
  readonly client: string;
  readonly killed: string;
  /** From just before the signal to the first send that another broker acknowledged. */
  readonly toFirstAckMs: number;
  /** From the victim's restart to a SyncStateSet as large as before; undefined if it did not come to that. */
  readonly toBackInSyncMs: number | undefined;
  /** From the first message to the last acknowledgement, and to the last delivery. */
  readonly toAllSentMs: number;
  readonly toAllConsumedMs: number;
  /** Tries that were answered with an error, or not at all. */
  readonly refused: number;
  /** Their kinds. */
  readonly refusals: readonly string[];
  readonly epochBefore: number;
  readonly epochAfter: number;
  readonly masterAfter: string | undefined;
  readonly inSyncAfter: number;
}

const PROGRAM_START_LIMIT_MS = 30_000;
const MARGIN_MS = 60_000;

/**
 * Numbered messages flow through one official client while the group's master is killed with SIGKILL after a third of them and
 * started again later. Ends when all numbers are acknowledged or given up, all acknowledged ones are consumed (or time is up, which the
 * outcome shows as losses) and the victim is back in the SyncStateSet.
 */
export async function runFailover(cluster: Cluster, client: Client, plan: FailoverPlan): Promise<FailoverOutcome> {
  const ledger = new DeliveryLedger(plan.messages);
  const refusals = new Map<string, number>();
  const giveUpMs = client.routePollMs + MARGIN_MS;
  const target = { namesrv: cluster.namesrvAddress, topic: plan.topic };
  const group = `${plan.topic}-group`;
  const before = await cluster.groupState();
  const programs: LineProgram[] = [];
  try {
    const consumer = client.consumer({ ...target, group }, (event) => {
      if (event.event === 'consumed') ledger.deliver(Number(event['n']));
    });
    programs.push(consumer);
    await consumer.first('ready', PROGRAM_START_LIMIT_MS);

    const { messages: count, ratePerSecond: rate } = plan;
    const producer = client.producer({ ...target, group: `${group}-p`, count, rate, giveUpMs }, (event) =>
      book(ledger, refusals, event),
    );
    programs.push(producer);
    await producer.first('ready', PROGRAM_START_LIMIT_MS);
    const startedAt = Date.now();

    await eventually(
      MARGIN_MS,
      'a third of the acknowledgements',
      () => ledger.acknowledgements.length >= count / 3,
      5,
    );
    const victim = await masterOf(cluster);
    const killedAt = Date.now();
    await cluster.kill(victim.name, 'SIGKILL');
    const first = await eventually(giveUpMs, 'an acknowledgement after the kill', () =>
      ledger.firstAcknowledgedAfter(killedAt, victim.address),
    );
    await pause(plan.restartAfterMs);
    await cluster.restart(victim.name);
    const backInSync = wholeSet(cluster, before.syncStateSet.length);

    await producer.first('done', giveUpMs + MARGIN_MS);
    const toAllSentMs = Date.now() - startedAt;
    await eventually(giveUpMs, 'delivery of all that was acknowledged', () => ledger.complete).catch(() => {});
    const toAllConsumedMs = Date.now() - startedAt;
    const toBackInSyncMs = await backInSync;
    const after = await cluster.groupState();
    await Promise.all(programs.map((program) => program.stop()));
    assertKnownStorers(ledger, cluster.nodes);
    return {
      client: client.name,
      killed: victim.name,
      toFirstAckMs: first.at - killedAt,
      toBackInSyncMs,
      toAllSentMs,
      toAllConsumedMs,
      refused: [...refusals.values()].reduce((sum, times) => sum + times, 0),
      refusals: [...refusals.keys()],
      epochBefore: before.masterEpoch,
      epochAfter: after.masterEpoch,
      masterAfter: after.masterAddress,
      inSyncAfter: after.syncStateSet.length,
      ...ledger.report(),
    };
  } finally {
    for (const program of programs) program.kill();
  }
}

function book(ledger: DeliveryLedger, refusals: Map<string, number>, event: ProgramEvent): void {
  switch (event.event) {
    case 'ack': {
      const by = storedBy(String(event['offsetMsgId']));
      ledger.acknowledge({ n: Number(event['n']), sentAt: Number(event['sentAt']), at: Number(event['at']), by });
      return;
    }
    case 'gaveUp':
      ledger.giveUp();
      return;
    case 'refused': {
      const why = withoutParticulars(String(event['why']));
      if (refusals.size < 20 || refusals.has(why)) refusals.set(why, (refusals.get(why) ?? 0) + 1);
    }
  }
}

/** Refusals are counted by kind: numbers, times and addresses differ from one to the next. */
const withoutParticulars = (why: string): string => why.replace(/\d+/g, '#').slice(0, 160);

/** How long it takes until the SyncStateSet has `size` members; undefined if it takes too long. */
async function wholeSet(cluster: Cluster, size: number): Promise<number | undefined> {
  const from = Date.now();
  const isWhole = async (): Promise<boolean> => (await cluster.groupState()).syncStateSet.length === size;
  return eventually(2 * MARGIN_MS, `a SyncStateSet of ${size}`, isWhole, 200).then(
    () => Date.now() - from,
    () => undefined,
  );
}

/** Every acknowledgement names the broker that stored the message; one that is no broker of ours would mean broken message ids. */
function assertKnownStorers(ledger: DeliveryLedger, nodes: readonly ClusterNode[]): void {
  const known = new Set(nodes.map((node) => node.address));
  const stranger = ledger.acknowledgements.find((ack) => !known.has(ack.by));
  if (stranger !== undefined)
    throw new Error(`message ${stranger.n} says it is stored by ${stranger.by}, which is no node of the cluster`);
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
