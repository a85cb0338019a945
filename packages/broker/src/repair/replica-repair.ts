import type { DamagedRange, MessageStore } from '@batonmq/broker-store';
import { textOf, type Host } from '@batonmq/host';
import { RequestCode, ResponseCode, brokerHeaders, type RemotingClient } from '@batonmq/remoting';

const TIMEOUT_MS = 5000;
/** Ranges that wait; what is dropped is found again by the next walk. */
const MAX_WAITING = 64;

export interface ReplicaRepairParts {
  readonly host: Pick<Host, 'log'>;
  readonly client: Pick<RemotingClient, 'invoke'>;
  readonly store: Pick<MessageStore, 'onDamage' | 'repair'>;
  /** Addresses of brokers that have the same log. */
  readonly peers: () => Promise<readonly string[]>;
}

/**
 * Repairs what the walk over the log finds damaged, range by range, with the records of another replica: asked for by their
 * place, as a client asks for a message by its id (VIEW_MESSAGE_BY_ID), so that a Java broker can answer too.
 */
export class ReplicaRepair {
  private readonly waiting: DamagedRange[] = [];
  private busy = false;
  private stopped = false;
  private stopListening = (): void => {};

  constructor(private readonly parts: ReplicaRepairParts) {}

  start(): void {
    this.stopListening = this.parts.store.onDamage((range) => {
      if (this.waiting.length >= MAX_WAITING) return;
      this.waiting.push(range);
      if (!this.busy) void this.repairAll();
    });
  }

  stop(): void {
    this.stopped = true;
    this.stopListening();
    this.waiting.length = 0;
  }

  private async repairAll(): Promise<void> {
    this.busy = true;
    for (let range = this.waiting.shift(); range !== undefined && !this.stopped; range = this.waiting.shift())
      await this.repair(range);
    this.busy = false;
  }

  private async repair(range: DamagedRange): Promise<void> {
    const { host, store, peers } = this.parts;
    let end = range.from;
    try {
      // What one of them had is whole when the next one is asked.
      for (const peer of await peers()) {
        end = await store.repair(range, (offset) => this.recordOf(peer, offset));
        if (end < range.to) continue;
        host.log.warn({ ...range, peer }, 'a damaged part of the commit log was repaired from a replica');
        return;
      }
      host.log.error(
        { ...range, wholeTo: end },
        'no replica in sync could repair the commit log; the next walk tries again',
      );
    } catch (error) {
      host.log.error(
        { ...range, error: textOf(error) },
        'a repair of the commit log failed; the next walk tries again',
      );
    }
  }

  private async recordOf(peer: string, offset: number): Promise<Buffer | undefined> {
    if (this.stopped) return undefined;
    const header = brokerHeaders.ViewMessageRequest.encode({ offset, topic: undefined });
    try {
      const answer = await this.parts.client.invoke(peer, { code: RequestCode.VIEW_MESSAGE_BY_ID, header }, TIMEOUT_MS);
      return answer.code === ResponseCode.SUCCESS ? answer.body : undefined;
    } catch (error) {
      this.parts.host.log.debug({ peer, offset, error: textOf(error) }, 'a replica does not answer');
      return undefined;
    }
  }
}
