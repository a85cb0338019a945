export { ConfigError, type ConfigErrorCode, type ConfigErrorDetails } from './config-error';
export { formatProperties, parseProperties } from './properties';
export { loadConfigFile } from './load-config-file';
export { choice, flag, int, long, optionalText, ratio, text } from './key-spec';
export { schema } from './schema';
export { defaultOf, defaultsOf, readConfig, readValue } from './read-config';
export { nearestKey } from './nearest-key';
export { anyMachine } from './machine-defaults';
export { configTable } from './config-table';
export {
  brokerConfig,
  controllerConfig,
  namesrvConfig,
  remotingClientConfig,
  remotingServerConfig,
  storeConfig,
} from './schemas';
export { controllerPeers, parsePeers } from './peers';
export { brokerAddresses } from './broker-addresses';
export { controllerStorePath, storePaths } from './store-paths';
export { validateBroker } from './validate-broker';
export type { Defaults } from './machine-defaults';
export type { ChoiceOptions, Fallback, KeyOptions, KeySpec, NumberOptions, Reading } from './key-spec';
export type { AnySchema, ConfigSchema, KeySpecs, ValuesOf } from './schema';
export type { ConfigReading } from './read-config';
export type {
  BrokerConfig,
  ControllerConfig,
  NamesrvConfig,
  RemotingClientConfig,
  RemotingServerConfig,
  StoreConfig,
} from './schemas';
export type { ControllerPeers, Peer, PeerKeys } from './peers';
export type { BrokerAddresses } from './broker-addresses';
export type { StorePaths } from './store-paths';
export type { ValidatedKeys } from './validate-broker';
