import * as protobuf from 'protobufjs/light';
import type { Configuration, NodeId } from '../core/types';
import { RaftError } from '../errors';
import { raftDescriptor } from './raft.gen';

const root = protobuf.Root.fromJSON(raftDescriptor as unknown as protobuf.INamespace);
const ConfigurationType = root.lookupType('batonmq.raft.Configuration');

export interface WireConfiguration {
  readonly members: readonly {
    readonly id: NodeId;
    readonly address: string;
    readonly voter: boolean;
    readonly outgoing: boolean;
    readonly learner: boolean;
  }[];
}

/** The data of a `config` entry. */
export function encodeConfiguration(configuration: Configuration): Buffer {
  const wire = configurationToWire(configuration) as unknown as Record<string, unknown>;
  const bytes = ConfigurationType.encode(wire).finish();
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** @param index of the entry; fields that are not known are skipped. @throws RaftError PROTOCOL */
export function decodeConfiguration(data: Buffer, index: number): Configuration {
  try {
    return configurationFromWire(ConfigurationType.decode(data) as unknown as WireConfiguration, index);
  } catch (cause) {
    throw new RaftError('PROTOCOL', `entry ${index} holds a malformed configuration`, { cause });
  }
}

/** Without the index: an entry has its own. */
export function configurationToWire({ voters, outgoing, learners, addresses }: Configuration): WireConfiguration {
  const ids = new Set([...voters, ...outgoing, ...learners]);
  const members = [...ids].map((id) => ({
    id,
    address: addresses[id] ?? '',
    voter: voters.includes(id),
    outgoing: outgoing.includes(id),
    learner: learners.includes(id),
  }));
  return { members };
}

export function configurationFromWire({ members }: WireConfiguration, index: number): Configuration {
  const idsOf = (right: 'voter' | 'outgoing' | 'learner'): NodeId[] =>
    members.filter((member) => member[right]).map(({ id }) => id);
  return {
    index,
    voters: idsOf('voter'),
    outgoing: idsOf('outgoing'),
    learners: idsOf('learner'),
    addresses: Object.fromEntries(members.map(({ id, address }) => [id, address])),
  };
}
