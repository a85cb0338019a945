import { BatonError } from '@batonmq/host';

export type RemotingErrorCode =
  | 'FRAME_TOO_LARGE'
  | 'FRAME_MALFORMED'
  | 'HEADER_MALFORMED'
  | 'FIELD_MISSING'
  | 'BODY_MALFORMED'
  | 'REQUEST_TIMEOUT'
  | 'CONNECTION_CLOSED'
  | 'CONNECT_FAILED'
  | 'TOO_MANY_REQUESTS'
  | 'BAD_ADDRESS';

export class RemotingError extends BatonError<RemotingErrorCode> {}

/** Thrown by a request handler to answer with a code other than SUCCESS. */
export class RequestRefused extends BatonError<'REQUEST_REFUSED'> {
  constructor(
    readonly responseCode: number,
    remark: string,
  ) {
    super('REQUEST_REFUSED', remark);
  }
}
