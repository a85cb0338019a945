/** Upper bounds of the latency buckets in microseconds: 1, 3, 5 times every power of ten up to 10^7 (controller.md 14.2). */
export const LATENCY_BUCKETS_US: readonly number[] = [
  ...[1, 10, 100, 1000, 10_000, 100_000, 1_000_000].flatMap((unit) => [unit, 3 * unit, 5 * unit]),
  10_000_000,
];

export interface LatencyHistogram {
  readonly buckets: number[];
  count: number;
  sumUs: number;
}

export type RequestStatus = 'success' | 'failed' | 'timeout';
export type ElectionResult = 'new_master_elected' | 'keep_current_master' | 'no_master_elected';

/** What the metrics of the controller are made of; the app exports them under RocketMQ's names. */
export class ControllerCounters {
  /** request_total, by request_type. */
  readonly requests = new Map<string, Record<RequestStatus, number>>();
  /** request_latency, by request_type. */
  readonly latencies = new Map<string, LatencyHistogram>();
  /** election_total. */
  readonly elections: Record<ElectionResult, number> = {
    new_master_elected: 0,
    keep_current_master: 0,
    no_master_elected: 0,
  };

  request(type: string, status: RequestStatus, elapsedMs: number): void {
    let totals = this.requests.get(type);
    if (totals === undefined) this.requests.set(type, (totals = { success: 0, failed: 0, timeout: 0 }));
    totals[status] += 1;
    if (status === 'success') this.latency(type, elapsedMs * 1000);
  }

  private latency(type: string, us: number): void {
    let histogram = this.latencies.get(type);
    if (histogram === undefined) {
      histogram = { buckets: new Array<number>(LATENCY_BUCKETS_US.length + 1).fill(0), count: 0, sumUs: 0 };
      this.latencies.set(type, histogram);
    }
    const at = LATENCY_BUCKETS_US.findIndex((bound) => us <= bound);
    const bucket = at < 0 ? LATENCY_BUCKETS_US.length : at;
    histogram.buckets[bucket] = (histogram.buckets[bucket] ?? 0) + 1;
    histogram.count += 1;
    histogram.sumUs += us;
  }
}
