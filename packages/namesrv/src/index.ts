export { NameServer } from './name-server';
export type { NameServerConfig } from './runtime-config';
export { NamesrvError, type NamesrvErrorCode } from './errors';
