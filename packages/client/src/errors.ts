import { BatonError } from '@batonmq/host';

export type ClientErrorCode =
  'NO_ROUTE' | 'NO_NAME_SERVER' | 'SEND_FAILED' | 'REQUEST_FAILED' | 'NO_LEADER' | 'STOPPED';

export class ClientError extends BatonError<ClientErrorCode> {}
