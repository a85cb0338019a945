export { parseAddress, splitAddresses, type HostAndPort } from './address';
export { BatonError, HostError, codeOf, textOf, type HostErrorCode } from './errors';
export { startAll } from './lifecycle';
export { nodeTurns } from './node/clock';
export { nodeHost } from './node/node-host';
export { consoleLog, silentLog } from './node/log';
export { nodeChecksums, nodeCompression } from './node/machine';
export type {
  Cancel,
  Checksums,
  Clock,
  Compression,
  ConnectAddress,
  Connection,
  ConnectionHandlers,
  DiskUsage,
  Fields,
  FileLock,
  FileStat,
  Files,
  Host,
  Lifecycle,
  ListenAddress,
  Listener,
  Logger,
  Machine,
  Network,
  OpenFile,
  OpenMode,
  Random,
  Timers,
  Turns,
  TlsClientOptions,
  TlsServerOptions,
} from './host';
