import { brokerKeys } from './keys/broker-keys';
import { controllerKeys } from './keys/controller-keys';
import { namesrvKeys } from './keys/namesrv-keys';
import { remotingClientKeys, remotingServerKeys } from './keys/remoting-keys';
import { storeKeys } from './keys/store-keys';
import { schema, type ValuesOf } from './schema';

export const namesrvConfig = schema('namesrv', namesrvKeys);
/** The jRaft keys included. */
export const controllerConfig = schema('controller', controllerKeys);
/** Broker, store, replication, authentication and metrics, flat as in RocketMQ's file. */
export const brokerConfig = schema('broker', { ...brokerKeys, ...storeKeys });
/** The store's part of {@link brokerConfig}, replication included. */
export const storeConfig = schema('store', storeKeys);
export const remotingServerConfig = schema('remoting-server', remotingServerKeys);
export const remotingClientConfig = schema('remoting-client', remotingClientKeys);

export type NamesrvConfig = ValuesOf<typeof namesrvConfig>;
export type ControllerConfig = ValuesOf<typeof controllerConfig>;
export type BrokerConfig = ValuesOf<typeof brokerConfig>;
export type StoreConfig = ValuesOf<typeof storeConfig>;
export type RemotingServerConfig = ValuesOf<typeof remotingServerConfig>;
export type RemotingClientConfig = ValuesOf<typeof remotingClientConfig>;
