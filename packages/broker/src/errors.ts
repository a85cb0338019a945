import { BatonError } from '@batonmq/host';

export type BrokerErrorCode = 'BAD_CONFIG' | 'METADATA_UNREADABLE' | 'NAME_SERVER_UNREACHABLE';

export class BrokerError extends BatonError<BrokerErrorCode> {}
