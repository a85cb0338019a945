import { type BrokerConfig } from './schemas';

/** Where a broker listens, and what it tells others. */
export interface BrokerAddresses {
  /** `host:port` for clients. */
  readonly address: string;
  /** The same, two ports below: for administration and for clients that use the VIP channel. */
  readonly fastAddress: string;
  /** For slaves; on brokerIP2. */
  readonly haAddress: string;
  readonly host: string;
  readonly haHost: string;
  readonly listenPort: number;
  readonly fastPort: number;
  readonly haPort: number;
}

/**
 * The ports follow from listenPort: fast port two below (a free one if that is not a port), HA port one above unless haListenPort
 * is given. With listenPort 0 (a free one) both are 0 too; the real addresses are known after the start.
 * @source BrokerStartup, BrokerController
 */
export function brokerAddresses(
  config: Pick<BrokerConfig, 'brokerIP1' | 'brokerIP2' | 'listenPort' | 'haListenPort'>,
): BrokerAddresses {
  const { brokerIP1: host, brokerIP2: haHost, listenPort } = config;
  const fastPort = Math.max(0, listenPort - 2);
  const haPort = config.haListenPort > 0 ? config.haListenPort : listenPort === 0 ? 0 : listenPort + 1;
  return {
    host,
    haHost,
    listenPort,
    fastPort,
    haPort,
    address: joined(host, listenPort),
    fastAddress: joined(host, fastPort),
    haAddress: joined(haHost, haPort),
  };
}

/** RocketMQ's form: the port after the last colon, IPv6 without brackets. */
function joined(host: string, port: number): string {
  return `${host}:${port}`;
}
