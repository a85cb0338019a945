import type { Host, Logger } from '../host';
import { nodeClock, nodeRandom, nodeTimers } from './clock';
import { NodeFiles } from './files';
import { consoleLog } from './log';
import { nodeChecksums, nodeCompression, nodeMachine } from './machine';
import { NodeNetwork } from './network';

/** The real machine. @param log where the components write; default: information and worse to standard error */
export function nodeHost(log: Logger = consoleLog()): Host {
  return {
    clock: nodeClock,
    timers: nodeTimers(log),
    random: nodeRandom,
    files: new NodeFiles(),
    network: new NodeNetwork(log),
    checksums: nodeChecksums,
    compression: nodeCompression,
    machine: nodeMachine(),
    log,
  };
}
