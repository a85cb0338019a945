import * as protobuf from 'protobufjs/light';
import { codeOf, textOf } from '@batonmq/host';
import type { Message } from '../core/message';
import type { Entry, EntryKind } from '../core/types';
import { RaftError } from '../errors';
import { decodeAppendBatch, encodeAppendBatch } from './append-codec';
import {
  configurationFromWire,
  configurationToWire,
  decodeConfiguration,
  type WireConfiguration,
} from './configuration';
import { raftDescriptor } from './raft.gen';

const root = protobuf.Root.fromJSON(raftDescriptor as unknown as protobuf.INamespace);
const BatchType = root.lookupType('batonmq.raft.Batch');
const HelloType = root.lookupType('batonmq.raft.Hello');

/** Raised with any change that an older member would misunderstand. */
export const PROTOCOL_VERSION = 1;
/** Two members talk when there is a version that both speak; raised when support for an older one ends. */
export const OLDEST_VERSION = 1;
/** Largest snapshot a peer may announce: memory is reserved for it. */
export const MAX_SNAPSHOT_BYTES = 1 << 30;

/** The first word on a connection: who speaks, to whom, and for which group. */
export interface Hello {
  /** The newest spoken, and the oldest. */
  readonly protocolVersion: number;
  readonly oldestVersion: number;
  readonly group: string;
  readonly from: string;
  readonly to: string;
  /** In an answer: why the connection is refused. */
  readonly refusal: string;
  /** Where the sender listens. Empty from a version without membership change. */
  readonly address?: string;
  /** Of the configuration from which the sender has its peers. */
  readonly peersIndex?: number;
}

export function encodeHello(hello: Hello): Buffer {
  return bufferOf(HelloType.encode(hello as unknown as Record<string, unknown>).finish());
}

/** @throws RaftError PROTOCOL */
export function decodeHello(bytes: Buffer): Hello {
  const hello = decodeAs(HelloType, bytes) as unknown as Hello;
  const { protocolVersion, group, from, to, refusal, address } = hello;
  const oldestVersion = hello.oldestVersion || protocolVersion;
  return { protocolVersion, oldestVersion, group, from, to, refusal, address, peersIndex: num(hello.peersIndex) };
}

export function encodeBatch(messages: readonly Message[]): Buffer {
  const [first] = messages;
  if (messages.length === 1 && first?.kind === 'append') return encodeAppendBatch(first);
  return bufferOf(BatchType.encode({ messages: messages.map(toWire) } as unknown as Record<string, unknown>).finish());
}

/**
 * Messages of kinds this version does not know are left out. Bytes are copied: the result does not hold on to `bytes`.
 * @throws RaftError PROTOCOL
 */
export function decodeBatch(bytes: Buffer): Message[] {
  const append = decodeAppendBatch(bytes);
  if (append !== undefined) return [append];
  const { messages } = decodeAs(BatchType, bytes) as unknown as { messages: WireMessage[] };
  const known: Message[] = [];
  for (const wire of messages) {
    const message = fromWire(wire);
    if (message !== undefined) known.push(message);
  }
  return known;
}

function decodeAs(type: protobuf.Type, bytes: Buffer): protobuf.Message {
  try {
    return type.decode(bytes);
  } catch (error) {
    if (codeOf(error) === 'PROTOCOL') throw error;
    throw new RaftError('PROTOCOL', `a peer sent a malformed ${type.name}: ${textOf(error)}`, { cause: error });
  }
}

function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

type Wide = number | { low: number; high: number };
type WireFields = Record<string, unknown>;
type WireMessage = WireFields & { term: Wide };

const BODY = {
  vote: 'vote',
  'vote-response': 'voteResponse',
  append: 'append',
  'append-response': 'appendResponse',
  heartbeat: 'heartbeat',
  'heartbeat-response': 'heartbeatResponse',
  snapshot: 'snapshot',
  'snapshot-response': 'snapshotResponse',
  'timeout-now': 'timeoutNow',
} as const satisfies Record<Message['kind'], string>;

function toWire(message: Message): WireFields {
  return { term: message.term, [BODY[message.kind]]: bodyToWire(message) };
}

function bodyToWire(message: Message): WireFields {
  if (message.kind === 'append') return { ...message, entries: message.entries.map(entryToWire) };
  if (message.kind !== 'snapshot' || message.configuration === undefined) return { ...message };
  const { configuration } = message;
  return { ...message, configuration: { ...configurationToWire(configuration), index: configuration.index } };
}

function entryToWire(entry: Entry): WireFields {
  return { term: entry.term, kind: ENTRY_KINDS.indexOf(entry.kind), data: entry.data };
}

function fromWire(wire: WireMessage): Message | undefined {
  const term = num(wire.term);
  for (const kind of KINDS) {
    const body = wire[BODY[kind]] as WireFields | undefined | null;
    if (body !== undefined && body !== null) return DECODERS[kind](body, term);
  }
  return undefined;
}

const KINDS = Object.keys(BODY) as Message['kind'][];

const DECODERS: { readonly [K in Message['kind']]: (body: WireFields, term: number) => Message } = {
  vote: (b, term) => ({
    kind: 'vote',
    term,
    pre: b['pre'] === true,
    lastIndex: num(b['lastIndex']),
    lastTerm: num(b['lastTerm']),
    transfer: b['transfer'] === true,
  }),
  'vote-response': (b, term) => ({
    kind: 'vote-response',
    term,
    pre: b['pre'] === true,
    granted: b['granted'] === true,
  }),
  append: (b, term) => {
    const prevIndex = num(b['prevIndex']);
    const entries = (b['entries'] as WireFields[]).map((entry, i) => entryFromWire(entry, prevIndex + 1 + i));
    return {
      kind: 'append',
      term,
      prevIndex,
      prevTerm: num(b['prevTerm']),
      entries,
      commitIndex: num(b['commitIndex']),
    };
  },
  'append-response': (b, term) => ({
    kind: 'append-response',
    term,
    accepted: b['accepted'] === true,
    index: num(b['index']),
    hintIndex: num(b['hintIndex']),
    hintTerm: num(b['hintTerm']),
  }),
  heartbeat: (b, term) => ({ kind: 'heartbeat', term, commitIndex: num(b['commitIndex']), round: num(b['round']) }),
  'heartbeat-response': (b, term) => ({ kind: 'heartbeat-response', term, round: num(b['round']) }),
  snapshot: (b, term) => {
    const totalBytes = num(b['totalBytes']);
    if (totalBytes > MAX_SNAPSHOT_BYTES) {
      throw new RaftError('PROTOCOL', `a snapshot of ${totalBytes} B, limit ${MAX_SNAPSHOT_BYTES} B`);
    }
    return {
      kind: 'snapshot',
      term,
      index: num(b['index']),
      snapshotTerm: num(b['snapshotTerm']),
      offset: num(b['offset']),
      totalBytes,
      data: Buffer.from(b['data'] as Uint8Array),
      ...snapshotConfiguration(b['configuration'] as (WireConfiguration & { index: Wide }) | null | undefined),
    };
  },
  'snapshot-response': (b, term) => ({
    kind: 'snapshot-response',
    term,
    index: num(b['index']),
    offset: num(b['offset']),
    installed: b['installed'] === true,
  }),
  'timeout-now': (_, term) => ({ kind: 'timeout-now', term }),
};

function snapshotConfiguration(wire: (WireConfiguration & { index: Wide }) | null | undefined): object {
  return wire === undefined || wire === null ? {} : { configuration: configurationFromWire(wire, num(wire.index)) };
}

const ENTRY_KINDS: readonly EntryKind[] = ['data', 'noop', 'config'];

function entryFromWire(wire: WireFields, index: number): Entry {
  const kind = ENTRY_KINDS[wire['kind'] as number];
  if (kind === undefined)
    throw new RaftError('PROTOCOL', `entry ${index} is of an unknown kind ${String(wire['kind'])}`);
  const data = Buffer.from(wire['data'] as Uint8Array);
  if (kind === 'config') decodeConfiguration(data, index); // a malformed one must not get into the log
  return { index, term: num(wire['term']), kind, data };
}

/** uint64 arrives as { low, high } where the package `long` is installed, else as a number. */
function num(value: unknown): number {
  const wide = value as Wide;
  const result = typeof wide === 'number' ? wide : (wide.high >>> 0) * 0x1_0000_0000 + (wide.low >>> 0);
  if (!Number.isSafeInteger(result)) throw new RaftError('PROTOCOL', `a number beyond 2^53 (${result})`);
  return result;
}
