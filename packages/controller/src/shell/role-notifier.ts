import { textOf, type Host } from '@batonmq/host';
import {
  RequestCode,
  controllerHeaders,
  writeJson,
  type OutgoingRequest,
  type RemotingClient,
} from '@batonmq/remoting';
import { masterAddressOf, type BrokerSet } from '../core/broker-set';
import { syncStateSetBody } from '../core/decision';

interface Notice {
  readonly brokerName: string;
  readonly masterEpoch: number;
  readonly request: OutgoingRequest;
}

/**
 * Tells brokers who their master is now (1008), all at once and without waiting for anybody: one message per address is
 * under way, and behind it waits only the one with the latest epoch. Lost ones cost time only, since brokers poll
 * (controller.md 7).
 */
export class RoleNotifier {
  /** Addresses with a message under way, and what goes there next. */
  private readonly pending = new Map<string, Map<string, Notice>>();
  sentCount = 0;
  failedCount = 0;

  constructor(
    private readonly host: Pick<Host, 'log'>,
    private readonly client: RemotingClient,
  ) {}

  /** @param addresses of the live members, the master included */
  notify(set: BrokerSet, addresses: readonly string[]): void {
    const { brokerName, masterBrokerId, masterEpoch, syncStateSetEpoch } = set;
    const header = controllerHeaders.NotifyBrokerRoleChangedRequest.encode({
      masterAddress: masterAddressOf(set),
      masterBrokerId,
      masterEpoch,
      syncStateSetEpoch,
    });
    const body = writeJson(syncStateSetBody(set));
    const request = { code: RequestCode.NOTIFY_BROKER_ROLE_CHANGED, header, body };
    for (const address of addresses) this.enqueue(address, { brokerName, masterEpoch, request });
  }

  private enqueue(address: string, notice: Notice): void {
    const waiting = this.pending.get(address);
    if (waiting === undefined) {
      this.pending.set(address, new Map());
      void this.send(address, notice);
      return;
    }
    const queued = waiting.get(notice.brokerName);
    if (queued === undefined || queued.masterEpoch < notice.masterEpoch) waiting.set(notice.brokerName, notice);
  }

  private async send(address: string, notice: Notice): Promise<void> {
    try {
      await this.client.oneway(address, notice.request);
      this.sentCount += 1;
    } catch (error) {
      this.failedCount += 1;
      this.host.log.warn(
        { address, brokerName: notice.brokerName, error: textOf(error) },
        'Try notify broker that role changed: failed',
      );
    }
    const waiting = this.pending.get(address);
    const next = waiting?.values().next();
    if (next === undefined || next.done === true) {
      this.pending.delete(address);
      return;
    }
    waiting?.delete(next.value.brokerName);
    void this.send(address, next.value);
  }
}
