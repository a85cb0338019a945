/** Text fields of a header; absent and undefined mean the same (RemotingCommand.extFields). */
export type ExtFields = Record<string, string | undefined>;

export type SerializeType = 'JSON' | 'ROCKETMQ';

/**
 * One request or answer as it came in. `body` is a slice of the socket's input: it stays valid, but whoever keeps a
 * small part of it for long keeps the whole input buffer alive and should copy.
 * @source RemotingCommand
 */
export interface RemotingCommand {
  readonly code: number;
  /** Correlates request and answer; any int32. */
  readonly opaque: number;
  /** Bit 0: answer, bit 1: one-way. */
  readonly flag: number;
  /** The sender's release as a number; V5_3_3 is 479. */
  readonly version: number;
  readonly language: string;
  readonly remark: string | undefined;
  readonly extFields: ExtFields;
  /** Undefined when the frame has none: an empty body and no body are the same on the wire. */
  readonly body: Buffer | undefined;
  readonly serializeType: SerializeType;
}

export interface OutgoingRequest {
  readonly code: number;
  readonly header?: ExtFields;
  readonly body?: Buffer;
}

export interface Response {
  readonly code: number;
  readonly remark?: string;
  readonly header?: ExtFields;
  /** Several parts are written one after another without being copied together. */
  readonly body?: Buffer | readonly Buffer[];
}

export const FLAG_RESPONSE = 1;
export const FLAG_ONEWAY = 2;

/** The release whose behaviour BatonMQ implements, as it is announced to peers: V5_3_3 (remoting.md 2.3). */
export const PROTOCOL_VERSION = 479;
/** A name every release knows; NODE_JS is unknown to 4.9 (remoting.md 2.2). */
export const PROTOCOL_LANGUAGE = 'OTHER';

export const isResponse = (command: RemotingCommand): boolean => (command.flag & FLAG_RESPONSE) !== 0;
export const isOneway = (command: RemotingCommand): boolean => (command.flag & FLAG_ONEWAY) !== 0;
