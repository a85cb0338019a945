import type { MessageStore } from '@batonmq/broker-store';
import type { Cancel, Host } from '@batonmq/host';
import type { TimerStatus } from '../timer/timer-status';
import { PROTOCOL_VERSION, RequestCode, ResponseCode, writeJson, type RequestRouter } from '@batonmq/remoting';

const RATIO_UNKNOWN = '-1';

/** GET_BROKER_RUNTIME_INFO (28): what mqadmin's clusterList and brokerStatus show; all values are text (broker.md 11.1). @returns what samples the rates */
export function routeRuntimeInfo(
  router: RequestRouter,
  host: Host,
  store: MessageStore,
  storePath: string,
  isActive: () => boolean,
  timer: { readonly status: TimerStatus; rates(): { enqueued: number; delivered: number } } | undefined,
): { start(): Cancel } {
  const bootMs = host.clock.wallMs();
  const rates = new Rates(host, store);
  router.handle(RequestCode.GET_BROKER_RUNTIME_INFO, () => {
    const put = rates.text('putCount');
    const get = rates.text('getCount');
    const behind = store.log.confirmOffset() - store.dispatchedOffset();
    const usage = diskUsage(host, storePath);
    const timed = timer?.status;
    const timerRates = timer?.rates();
    const status = store.status();
    const none = Object.fromEntries(
      QUEUES.flatMap((queue) => [
        [`${queue}ThreadPoolQueueSize`, '0'],
        [`${queue}ThreadPoolQueueCapacity`, '0'],
        [`${queue}ThreadPoolQueueHeadWaitTimeMills`, '0'],
      ]),
    );
    const table: Record<string, string> = {
      ...none,
      putTps: put,
      getFoundTps: get,
      getMissTps: '0.0 0.0 0.0',
      getTotalTps: get,
      getTransferredTps: get,
      brokerVersionDesc: 'V5_3_3',
      brokerVersion: String(PROTOCOL_VERSION),
      brokerActive: String(isActive()),
      EndTransactionQueueSize: '0',
      EndTransactionThreadPoolQueueCapacity: '0',
      pageCacheLockTimeMills: '0',
      earliestMessageTimeStamp: '-1',
      startAcceptSendRequestTimeStamp: '0',
      dispatchBehindBytes: String(Math.max(0, behind)),
      commitLogDiskRatio: usage.ratio,
      consumeQueueDiskRatio: usage.ratio,
      commitLogMinOffset: String(Math.max(0, store.log.minOffset())),
      commitLogMaxOffset: String(store.log.maxOffset()),
      timerReadBehind: String(Math.floor((timed?.readBehindMs ?? 0) / 1000)),
      timerOffsetBehind: String(timed?.offsetBehind ?? 0),
      timerCongestNum: String(timed?.pending ?? 0),
      timerEnqueueTps: (timerRates?.enqueued ?? 0).toFixed(1),
      timerDequeueTps: (timerRates?.delivered ?? 0).toFixed(1),
      msgPutTotalYesterdayMorning: '0',
      msgPutTotalTodayMorning: '0',
      msgPutTotalTodayNow: String(rates.total('putCount')),
      msgGetTotalYesterdayMorning: '0',
      msgGetTotalTodayMorning: '0',
      msgGetTotalTodayNow: String(rates.total('getCount')),
      remainTransientStoreBufferNumbs: '2147483647',
      remainHowManyDataToCommit: '0',
      remainHowManyDataToFlush: '0',
      commitLogDirCapacity: usage.capacity,
      bootTimestamp: String(bootMs),
      runtime: uptimeText(host.clock.wallMs() - bootMs),
      putMessageTimesTotal: String(rates.total('putCount')),
      putMessageFailedTimes: '0',
      tailCacheBytes: String(status.tailCacheBytes),
      damagedCommitLogRanges: String(status.damagedRanges),
      repairedCommitLogRanges: String(status.repairedRanges),
    };
    return { code: ResponseCode.SUCCESS, body: writeJson({ table }) };
  });
  return rates;
}

const QUEUES = ['send', 'pull', 'litePull', 'query', 'ack'];

type Counter = 'putCount' | 'getCount';

/** Rates over the last 10 s, minute and ten minutes, from samples taken when somebody asks or every ten seconds. */
class Rates {
  private readonly samples: { atMs: number; putCount: number; getCount: number }[] = [];

  constructor(
    private readonly host: Host,
    private readonly store: MessageStore,
  ) {
    this.sample();
  }

  /** Samples until cancelled. */
  start(): Cancel {
    return this.host.timers.every(10_000, () => this.sample());
  }

  total(counter: Counter): number {
    return this.store.status()[counter];
  }

  /** Three numbers as Java prints them. */
  text(counter: Counter): string {
    const now = this.host.clock.monotonicMs();
    const value = this.total(counter);
    return [10_000, 60_000, 600_000]
      .map((span) => {
        const base = this.samples.find((sample) => sample.atMs >= now - span - 1000) ?? this.samples[0];
        const seconds = base === undefined ? 0 : (now - base.atMs) / 1000;
        return (seconds < 0.5 || base === undefined ? 0 : (value - base[counter]) / seconds).toFixed(2);
      })
      .join(' ');
  }

  private sample(): void {
    this.samples.push({
      atMs: this.host.clock.monotonicMs(),
      putCount: this.total('putCount'),
      getCount: this.total('getCount'),
    });
    if (this.samples.length > 61) this.samples.shift();
  }
}

function diskUsage(host: Host, path: string): { ratio: string; capacity: string } {
  try {
    const { totalBytes, availableBytes } = host.files.diskUsage(path);
    const gib = (bytes: number): string => `${(bytes / 1024 ** 3).toFixed(1)} GiB`;
    const ratio = ((totalBytes - availableBytes) / Math.max(1, totalBytes)).toFixed(2);
    return { ratio, capacity: `Total : ${gib(totalBytes)}, Free : ${gib(availableBytes)}.` };
  } catch {
    return { ratio: RATIO_UNKNOWN, capacity: 'unknown' };
  }
}

function uptimeText(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const part = (unit: number, size: number): number => Math.floor(seconds / unit) % size;
  return `[ ${Math.floor(seconds / 86400)} days, ${part(3600, 24)} hours, ${part(60, 60)} minutes, ${seconds % 60} seconds ]`;
}
