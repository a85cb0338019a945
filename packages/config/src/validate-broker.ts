import { splitAddresses } from '@batonmq/host';
import { badAddress } from './address-list';
import { brokerAddresses } from './broker-addresses';
import { ConfigError } from './config-error';
import { type BrokerConfig } from './schemas';

/** The keys that {@link validateBroker} reads. */
export type ValidatedKeys = Pick<
  BrokerConfig,
  | 'allAckInSyncStateSet'
  | 'brokerIP1'
  | 'brokerIP2'
  | 'brokerName'
  | 'controllerAddr'
  | 'duplicationEnable'
  | 'enableControllerMode'
  | 'enableDLegerCommitLog'
  | 'fetchControllerAddrByDnsLookup'
  | 'haListenPort'
  | 'inSyncReplicas'
  | 'listenPort'
  | 'minInSyncReplicas'
  | 'namesrvAddr'
>;

/**
 * Checks what no single key can say: which keys exclude or need each other, and lists of addresses.
 * @returns what will run, but hardly as meant; one line each
 * @throws ConfigError CONFIG_INVALID
 */
export function validateBroker(config: ValidatedKeys): string[] {
  if (config.brokerName === '') throw invalid('brokerName', 'is empty', 'leave it out for the host name');
  checkAddresses('namesrvAddr', config.namesrvAddr ?? '');
  checkPorts(config);
  checkMode(config);
  return oddities(config);
}

function checkMode(config: ValidatedKeys): void {
  if (!config.enableControllerMode) {
    if (config.enableDLegerCommitLog)
      throw invalid(
        'enableDLegerCommitLog',
        'is not supported',
        'use enableControllerMode=true for automatic failover',
      );
    return;
  }
  for (const key of ['enableDLegerCommitLog', 'duplicationEnable'] as const) {
    if (config[key]) throw invalid(key, 'and enableControllerMode exclude each other', `remove ${key}=true`);
  }
  if (splitAddresses(config.controllerAddr).length === 0) {
    throw invalid(
      'controllerAddr',
      'is missing, and enableControllerMode needs it',
      'name the controllers: controllerAddr=host:port;host:port',
    );
  }
  checkAddresses('controllerAddr', config.controllerAddr);
  if (config.fetchControllerAddrByDnsLookup && splitAddresses(config.controllerAddr).length > 1) {
    throw invalid(
      'controllerAddr',
      'names several addresses with fetchControllerAddrByDnsLookup=true',
      'it must be one domain:port',
    );
  }
}

function checkAddresses(key: string, list: string): void {
  const bad = badAddress(list);
  if (bad === undefined) return;
  throw invalid(key, `has an entry "${bad}" that is not an address`, 'expected host:port;host:port', bad);
}

function checkPorts(config: ValidatedKeys): void {
  const { listenPort, fastPort, haPort } = brokerAddresses(config);
  if (haPort > 65535) throw invalid('listenPort', `${listenPort} leaves no HA port above it`, 'set haListenPort');
  const clash = haPort !== 0 && (haPort === listenPort || haPort === fastPort);
  if (clash)
    throw invalid(
      'haListenPort',
      `${haPort} is taken by ${haPort === listenPort ? 'listenPort' : 'the fast port (listenPort - 2)'}`,
      'choose another',
    );
}

function oddities(config: ValidatedKeys): string[] {
  const odd: string[] = [];
  if (!config.enableControllerMode && config.controllerAddr !== '') {
    odd.push('controllerAddr has no effect without enableControllerMode=true');
  }
  if (!config.enableControllerMode && config.allAckInSyncStateSet) {
    odd.push('allAckInSyncStateSet has no effect without enableControllerMode=true');
  }
  if (!config.allAckInSyncStateSet && config.minInSyncReplicas > config.inSyncReplicas) {
    odd.push(
      `minInSyncReplicas=${config.minInSyncReplicas} is above inSyncReplicas=${config.inSyncReplicas}: sends need that many members, but do not wait for them`,
    );
  }
  return odd;
}

function invalid(key: string, what: string, hint: string, found?: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', `${key} ${what}`, { key, hint, found });
}
