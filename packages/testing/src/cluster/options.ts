import type { WorldOptions } from '@batonmq/simulator';

export interface SimulatedClusterOptions extends WorldOptions {
  /** 1 to 3. Default 1. */
  readonly nameServers?: number;
  /** Default 3. */
  readonly controllers?: number;
  /** Replicas of the one group. Default 3. */
  readonly brokers?: number;
  /** `quick` (default): timeouts an eighth or so of RocketMQ's; `default`: RocketMQ's. */
  readonly pace?: 'quick' | 'default';
  /** RocketMQ's keys; they win over what the cluster sets. */
  readonly namesrvProperties?: Readonly<Record<string, string>>;
  readonly controllerProperties?: Readonly<Record<string, string>>;
  readonly brokerProperties?: Readonly<Record<string, string>>;
  /** How much faster the clocks of a machine run, by its name: 0.01 is 1 % too fast. */
  readonly clockDrift?: Readonly<Record<string, number>>;
}
