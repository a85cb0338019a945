/** Marks a key that is read and checked, but that nothing in BatonMQ asks for. */
function noEffect(reason: string) {
  return { accepted: 'no effect', reason } as const;
}

export const noThreads = noEffect('requests run on one event loop, not in thread pools');
export const noNetty = noEffect('there is no Netty here; the event loop and the kernel do this');
export const noMmap = noEffect('files are written, not mapped into memory');
export const noLocks = noEffect('one event loop needs no locks');
export const noRocksDb = noEffect('there is no RocksDB here; queues and metadata are kept in files');
export const noDLedger = noEffect('the DLedger commit log is not supported; controller mode replaces it');
export const unusedInRocketMq = noEffect('RocketMQ does not use it either');
export const controllerDecides = noEffect('in controller mode the SyncStateSet takes its place');
export const noBitMaps = noEffect(
  'units of consumequeue_ext are written without a bit map: RocketMQ needs it for SQL filters only',
);
export const noOpBatches = noEffect('an end is written at once, with the message that it commits');
