import { parseAddress } from '@batonmq/host';
import { isAddress } from './address-list';
import { ConfigError } from './config-error';
import { jRaftKeys } from './keys/controller-keys';
import { type ControllerConfig } from './schemas';

/** One controller. */
export interface Peer {
  readonly id: string;
  /** `host:port` of its one port. */
  readonly address: string;
  readonly host: string;
  readonly port: number;
}

/** The Raft group as one of its members sees it. */
export interface ControllerPeers {
  readonly group: string;
  readonly selfId: string;
  readonly self: Peer;
  /** All members, self included, in the order of the configuration. */
  readonly peers: readonly Peer[];
}

/** The keys that {@link controllerPeers} reads. */
export type PeerKeys = Pick<
  ControllerConfig,
  | 'controllerType'
  | 'controllerDLegerGroup'
  | 'controllerDLegerPeers'
  | 'controllerDLegerSelfId'
  | 'jRaftGroupId'
  | 'jRaftServerId'
  | 'jRaftInitConf'
  | 'jRaftControllerRPCAddr'
>;

const FORM = 'id-host:port;id-host:port';
const DEFAULT_GROUP = 'DefaultControllerGroup';

/**
 * Reads a list as in `n0-127.0.0.1:9877;n1-127.0.0.1:9878`. An id ends at the first dash, so hosts may have dashes.
 * @throws ConfigError CONFIG_INVALID
 * @source DLedger MemberState
 */
export function parsePeers(text: string, key = 'controllerDLegerPeers'): Peer[] {
  const peers = items(text, ';').map((item) => {
    const dash = item.indexOf('-');
    if (dash < 1) throw invalid(key, `entry "${item}" has no id before a dash`, FORM);
    return peerOf(item.slice(0, dash), item.slice(dash + 1), key);
  });
  return checked(peers, key, FORM);
}

/**
 * The controllers of a configuration. `controllerType` says which keys count, as in RocketMQ; but jRaft keys that are there
 * without any DLeger peers count too. A jRaft group has its Raft addresses as ids and its request addresses as addresses: we need no
 * second port.
 *
 * @throws ConfigError CONFIG_INVALID when peers or self id are missing, malformed or double, or when self is not among the peers
 */
export function controllerPeers(config: PeerKeys): ControllerPeers {
  return usesJRaftKeys(config) ? jRaftPeers(config) : dLegerPeers(config);
}

function usesJRaftKeys(config: PeerKeys): boolean {
  if (config.controllerType === 'jRaft') return true;
  return config.controllerDLegerPeers === undefined && config.jRaftInitConf !== jRaftKeys.jRaftInitConf.fallback;
}

function dLegerPeers(config: PeerKeys): ControllerPeers {
  const { controllerDLegerPeers: text = '', controllerDLegerSelfId: selfId } = config;
  const peers = parsePeers(text);
  if (selfId === undefined) {
    throw invalid('controllerDLegerSelfId', 'is missing', `one of ${idsOf(peers)}`);
  }
  const group = config.controllerDLegerGroup ?? DEFAULT_GROUP;
  return withSelf(group, selfId, peers, 'controllerDLegerSelfId', 'controllerDLegerPeers');
}

function jRaftPeers(config: PeerKeys): ControllerPeers {
  const ids = items(config.jRaftInitConf, ',');
  const addresses = items(config.jRaftControllerRPCAddr, ',');
  if (addresses.length < ids.length) {
    const counts = `has ${addresses.length} addresses, jRaftInitConf has ${ids.length}`;
    throw invalid('jRaftControllerRPCAddr', counts, 'one request address for each Raft address, in the same order');
  }
  for (const id of ids)
    if (parseAddress(id) === undefined)
      throw invalid('jRaftInitConf', `"${id}" is not an address`, 'host:port,host:port');
  const peers = checked(
    ids.map((id, at) => peerOf(id, addresses[at] as string, 'jRaftControllerRPCAddr')),
    'jRaftInitConf',
    'host:port,host:port',
  );
  return withSelf(config.jRaftGroupId, config.jRaftServerId, peers, 'jRaftServerId', 'jRaftInitConf');
}

function withSelf(
  group: string,
  selfId: string,
  peers: readonly Peer[],
  key: string,
  peersKey: string,
): ControllerPeers {
  const self = peers.find((peer) => peer.id === selfId);
  if (self === undefined)
    throw invalid(key, `"${selfId}" is not among the ids of ${peersKey}`, `one of ${idsOf(peers)}`);
  return { group, selfId, self, peers };
}

function checked(peers: Peer[], key: string, form: string): Peer[] {
  if (peers.length === 0) throw invalid(key, 'is missing', form);
  const ids = new Set<string>();
  const addresses = new Set<string>();
  for (const { id, address } of peers) {
    if (ids.has(id)) throw invalid(key, `has id "${id}" twice`, 'each id once');
    if (addresses.has(address)) throw invalid(key, `has address ${address} twice`, 'each address once');
    ids.add(id);
    addresses.add(address);
  }
  return peers;
}

function peerOf(id: string, text: string, key: string): Peer {
  const parsed = parseAddress(text);
  if (parsed === undefined || !isAddress(text)) throw invalid(key, `"${text}" of ${id} is not an address`, 'host:port');
  return { id, address: text.trim(), host: parsed.host, port: parsed.port };
}

function items(text: string, separator: string): string[] {
  return text
    .split(separator)
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function idsOf(peers: readonly Peer[]): string {
  return peers.map(({ id }) => id).join(', ');
}

function invalid(key: string, what: string, expected: string): ConfigError {
  return new ConfigError('CONFIG_INVALID', `${key} ${what}; expected ${expected}`, { key, expected });
}
