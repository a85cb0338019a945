import { textOf, type Cancel, type Host } from '@batonmq/host';
import { RequestCode, ResponseCode, readJson, type ExtFields, type RemotingClient } from '@batonmq/remoting';
import { decodeCheck, type TimerCheck } from '@batonmq/broker-store';
import { DELAY_LOG_END } from '../delay/delay-requests';
import type { SubscriptionGroups } from '../groups/subscription-groups';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import { TIMER_LOG_END } from '../timer/timer-requests';
import type { TopicTable } from '../topics/topic-table';
import { toVersion } from './data-version';

export interface FollowedTables {
  readonly topics: TopicTable;
  readonly groups: SubscriptionGroups;
  readonly offsets: ConsumerOffsets;
  readonly delayOffsets: { take(offsetTable: unknown, logEnd: number | undefined): void };
  readonly timer: { offer(check: TimerCheck, logEnd: number | undefined): void } | undefined;
}

/** Offsets move all the time: they are fetched at this pace. */
const OFFSETS_EVERY_MS = 1000;
const RETRY_MS = 500;
const TIMEOUT_MS = 5000;

/** Header fields of our own on GET_ALL_TOPIC_CONFIG; Java's masters ignore them, and answer at once. */
export const FOLLOWER_ID = 'batonReplicaId';
export const METADATA_TOKEN = 'batonMetadataToken';

/** A slave's copy of the master's topics, groups and offsets. @source SlaveSynchronize */
export class MetadataFollower {
  private generation = 0;
  private cancelOffsets: Cancel = () => {};
  private cancelRetry: Cancel = () => {};

  constructor(
    private readonly host: Pick<Host, 'timers' | 'log'>,
    private readonly client: RemotingClient,
    private readonly tables: FollowedTables,
  ) {}

  /** Follows this master from now on, and no other. */
  follow(master: string, replicaId: number): void {
    this.stop();
    const { generation } = this;
    void this.followTables(master, replicaId, generation, 'none');
    let busy = false;
    this.cancelOffsets = this.host.timers.every(
      OFFSETS_EVERY_MS,
      () => {
        if (busy) return;
        busy = true;
        void Promise.all([this.fetchOffsets(master, generation), this.fetchTimer(master, generation)]).finally(
          () => (busy = false),
        );
      },
      0,
    );
  }

  stop(): void {
    this.generation += 1;
    this.cancelOffsets();
    this.cancelRetry();
  }

  private async followTables(master: string, replicaId: number, generation: number, token: string): Promise<void> {
    let next = token;
    let pauseMs: number;
    try {
      const header = { [FOLLOWER_ID]: String(replicaId), [METADATA_TOKEN]: token };
      const topics = await this.ask(master, RequestCode.GET_ALL_TOPIC_CONFIG, header);
      if (generation !== this.generation) return;
      const told = topics.header[METADATA_TOKEN];
      if (told === undefined || told !== token) {
        const groups = await this.ask(master, RequestCode.GET_ALL_SUBSCRIPTIONGROUP_CONFIG);
        if (generation !== this.generation) return;
        this.tables.topics.replaceBy(
          toVersion(topics.body['dataVersion']),
          topics.body['topicConfigTable'] as Record<string, unknown>,
        );
        this.tables.groups.replaceBy(
          toVersion(groups.body['dataVersion']),
          groups.body['subscriptionGroupTable'] as Record<string, unknown>,
        );
      }
      next = told ?? 'none';
      // A master without the token cannot hold the question back: poll it as Java's slaves do.
      pauseMs = told === undefined ? 10_000 : 0;
    } catch (error) {
      if (generation !== this.generation) return;
      this.host.log.debug({ master, error: textOf(error) }, 'the master did not answer a question for metadata');
      pauseMs = RETRY_MS;
    }
    this.cancelRetry = this.host.timers.after(
      pauseMs,
      () => void this.followTables(master, replicaId, generation, next),
    );
  }

  private async fetchOffsets(master: string, generation: number): Promise<void> {
    try {
      const offsets = await this.ask(master, RequestCode.GET_ALL_CONSUMER_OFFSET);
      const delays = await this.ask(master, RequestCode.GET_ALL_DELAY_OFFSET);
      if (generation !== this.generation) return;
      this.tables.offsets.mergeJson(offsets.body);
      const logEnd = delays.header[DELAY_LOG_END];
      this.tables.delayOffsets.take(delays.body['offsetTable'], logEnd === undefined ? undefined : Number(logEnd));
    } catch (error) {
      this.host.log.debug({ master, error: textOf(error) }, 'the master did not answer a question for offsets');
    }
  }

  private async fetchTimer(master: string, generation: number): Promise<void> {
    const { timer } = this.tables;
    if (timer === undefined) return;
    try {
      const answer = await this.client.invoke(master, { code: RequestCode.GET_TIMER_CHECK_POINT }, TIMEOUT_MS);
      const check = answer.code === ResponseCode.SUCCESS ? decodeCheck(answer.body ?? Buffer.alloc(0)) : undefined;
      if (generation !== this.generation || check === undefined) return;
      const logEnd = answer.extFields[TIMER_LOG_END];
      timer.offer(check, logEnd === undefined ? undefined : Number(logEnd));
    } catch (error) {
      this.host.log.debug({ master, error: textOf(error) }, 'the master did not answer a question for its timer');
    }
  }

  private async ask(
    master: string,
    code: number,
    header: ExtFields = {},
  ): Promise<{ header: ExtFields; body: Record<string, unknown> }> {
    const answer = await this.client.invoke(master, { code, header }, TIMEOUT_MS);
    if (answer.code !== ResponseCode.SUCCESS) throw new Error(`code ${answer.code}: ${answer.remark ?? ''}`);
    const body = answer.body === undefined ? {} : readJson(answer.body);
    return { header: answer.extFields, body: (body ?? {}) as Record<string, unknown> };
  }
}
