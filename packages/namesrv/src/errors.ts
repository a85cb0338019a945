import { BatonError } from '@batonmq/host';

/**
 * REGISTRATION_MALFORMED: the body of a registration cannot be read. KV_CONFIG_UNREADABLE: kvConfig.json is there, but
 * is not what a name server wrote; the start is refused, because going on would overwrite it.
 */
export type NamesrvErrorCode = 'REGISTRATION_MALFORMED' | 'KV_CONFIG_UNREADABLE';

export class NamesrvError extends BatonError<NamesrvErrorCode> {}
