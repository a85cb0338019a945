export { RequestCode } from './request-code';
export { ResponseCode } from './response-code';
export {
  FLAG_ONEWAY,
  FLAG_RESPONSE,
  PROTOCOL_LANGUAGE,
  PROTOCOL_VERSION,
  isOneway,
  isResponse,
  type ExtFields,
  type OutgoingRequest,
  type RemotingCommand,
  type Response,
  type SerializeType,
} from './command';
export { RemotingError, RequestRefused, type RemotingErrorCode } from './errors';
export { FrameReader, MAX_FRAME_BYTES, decodeFrame, encodeFrame, type OutgoingFrame } from './frame';
export {
  flag,
  header,
  int32,
  int64,
  optional,
  orElse,
  text,
  type Field,
  type HeaderCodec,
  type HeaderOf,
} from './header';
export { readJson, writeJson } from './json';
export { type Peer, type PeerOptions } from './peer';
export { RequestRouter, type RequestHandler } from './router';
export { RemotingServer, type Interceptor, type RemotingServerOptions } from './server';
export { RemotingClient, type RemotingClientOptions } from './client';
export { decodeMessages, formatProperties, parseProperties, type ReceivedMessage } from './message';
export * as controllerHeaders from './headers/controller';
export * as namesrvHeaders from './headers/namesrv';
export * as brokerHeaders from './headers/broker';
