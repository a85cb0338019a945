import type { MessageStore } from '@batonmq/broker-store';
import type { ConsumerOffsets } from '../offsets/consumer-offsets';
import type { TopicTable } from '../topics/topic-table';
import { TransactionService } from './transaction-service';

describe('TransactionService', () => {
  it('lets only so many wait for the log to be read, and all go when it is no longer master', async () => {
    const service = new TransactionService({
      host: { timers: { after: () => () => {} } } as never,
      store: { minOffsetInQueue: () => 0, log: { maxOffset: () => 0 } } as unknown as MessageStore,
      topics: {} as TopicTable,
      offsets: { query: () => undefined } as unknown as ConsumerOffsets,
    });
    service.lead();
    let woken = 0;
    const waiting = Array.from({ length: 10_000 }, () => service.whenReady().then(() => woken++));
    await service.whenReady();
    expect([woken, service.ready]).toEqual([0, false]);
    service.follow();
    await Promise.all(waiting);
    expect([woken, service.ready]).toEqual([10_000, false]);
  });
});
