import type { Clock } from '@batonmq/host';

/** As clients send and read it. */
export interface MessageQueue {
  readonly topic: string;
  readonly brokerName: string;
  readonly queueId: number;
}

/** How long a lock holds without renewal (rocketmq.broker.rebalance.lockMaxLiveTime). */
const LOCK_LIVES_MS = 60_000;

interface Lock {
  clientId: string;
  renewedMs: number;
}

/** Which client of a group may consume a queue in order. Memory of the master only. @source RebalanceLockManager */
export class QueueLocks {
  private readonly groups = new Map<string, Map<string, Lock>>();

  constructor(private readonly clock: Clock) {}

  /** @returns those of `queues` that the client holds now */
  lock(group: string, clientId: string, queues: readonly MessageQueue[]): MessageQueue[] {
    let locks = this.groups.get(group);
    if (locks === undefined) this.groups.set(group, (locks = new Map()));
    const now = this.clock.monotonicMs();
    return queues.filter((queue) => {
      const key = keyOf(queue);
      const held = locks.get(key);
      if (held !== undefined && held.clientId !== clientId && now - held.renewedMs <= LOCK_LIVES_MS) return false;
      locks.set(key, { clientId, renewedMs: now });
      return true;
    });
  }

  unlock(group: string, clientId: string, queues: readonly MessageQueue[]): void {
    const locks = this.groups.get(group);
    for (const queue of queues) if (locks?.get(keyOf(queue))?.clientId === clientId) locks.delete(keyOf(queue));
  }

  /** Whether anybody in the group consumes in order now. */
  anyHeld(group: string): boolean {
    const now = this.clock.monotonicMs();
    for (const lock of this.groups.get(group)?.values() ?? []) if (now - lock.renewedMs <= LOCK_LIVES_MS) return true;
    return false;
  }
}

const keyOf = (queue: MessageQueue): string => `${queue.topic}@${queue.brokerName}@${queue.queueId}`;
