import type { Clock } from '@batonmq/host';
import { writeJson } from '@batonmq/remoting';
import type { EpochEntry } from './epochs/epoch-entry';
import type { MasterLink } from './replication/master-link';
import type { SlaveLink } from './replication/slave-link';

/** The largest int64, which must be written exactly. */
const NO_END = 9223372036854775807n;

/** @source EpochEntryCache */
export function epochCacheBody(
  who: { readonly clusterName: string; readonly brokerName: string; readonly brokerId: number },
  epochs: readonly EpochEntry[],
  maxOffset: number,
): Buffer {
  const epochList = epochs.map(({ epoch, startOffset }, i) => ({
    endOffset: epochs[i + 1]?.startOffset ?? NO_END,
    epoch,
    startOffset,
  }));
  return writeJson({ ...who, epochList, maxOffset });
}

export interface RuntimeFacts {
  readonly master: boolean;
  readonly maxOffset: number;
  readonly set: readonly number[];
  readonly links: readonly SlaveLink[];
  readonly haAddress: string;
  readonly link: MasterLink | undefined;
}

/** @source HARuntimeInfo */
export function runtimeInfoBody(clock: Clock, facts: RuntimeFacts): Buffer {
  const { master, maxOffset, set, links, haAddress, link } = facts;
  const wall = (monotonicMs: number | undefined): number =>
    monotonicMs === undefined ? 0 : Math.round(clock.wallMs() - (clock.monotonicMs() - monotonicMs));
  return writeJson({
    master,
    masterCommitLogMaxOffset: master ? maxOffset : 0,
    inSyncSlaveNums: master ? Math.max(0, set.length - 1) : 0,
    haConnectionInfo: links.map((slave) => ({
      addr: slave.remote,
      slaveAckOffset: slave.ack,
      diff: maxOffset - slave.ack,
      inSync: set.includes(slave.slaveId),
      transferredByteInSecond: slave.rate.perSecond(),
      transferFromWhere: slave.next,
    })),
    haClientRuntimeInfo: {
      masterAddr: master ? '' : haAddress,
      maxOffset: master ? 0 : maxOffset,
      transferredByteInSecond: link?.rate.perSecond() ?? 0,
      lastReadTimestamp: wall(link?.lastReadMs),
      lastWriteTimestamp: wall(link?.lastWriteMs),
      masterFlushOffset: 0,
    },
  });
}
