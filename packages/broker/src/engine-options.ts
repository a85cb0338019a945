import type { HaOptions } from '@batonmq/broker-ha';
import type { StoreOptions } from '@batonmq/broker-store';
import { brokerAddresses, storePaths, type BrokerConfig } from '@batonmq/config';

/** What the engines take, from RocketMQ's flat configuration. */

export function storeOptions(config: BrokerConfig): StoreOptions {
  const { root } = storePaths(config);
  return { ...config, storePathRootDir: root, storeHost: { host: config.brokerIP1, port: config.listenPort } };
}

export function haOptions(config: BrokerConfig): HaOptions {
  const addresses = brokerAddresses(config);
  const paths = storePaths(config);
  return {
    ...config,
    haListenPort: addresses.haPort,
    brokerAddr: addresses.address,
    haServerAddr: addresses.haAddress,
    storePathEpochFile: paths.epochFile,
    storePathBrokerIdentity: paths.brokerIdentity,
  };
}
