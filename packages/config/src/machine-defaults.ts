import { type Machine } from '@batonmq/host';

/**
 * What defaults depend on. `host.machine` is one of these as it stands; the app adds the processors and the two
 * environment variables that RocketMQ reads.
 */
export interface Defaults extends Pick<Machine, 'homeDir' | 'hostName' | 'address' | 'totalMemoryBytes'> {
  /** Processors; 1 when absent. */
  readonly cores?: number;
  /** Value of ROCKETMQ_HOME. */
  readonly rocketmqHome?: string;
  /** Value of NAMESRV_ADDR. */
  readonly namesrvAddr?: string;
}

/** A made-up machine, for tools and tests that do not care: nothing that is stored should start from it. */
export const anyMachine: Defaults = {
  homeDir: '/root',
  hostName: 'localhost',
  address: '127.0.0.1',
  totalMemoryBytes: 4 * 1024 ** 3,
  cores: 1,
};
