import { BatonError } from '@batonmq/host';

export type TestingErrorCode = 'NO_SUCH_NODE' | 'TIMEOUT' | 'BAD_OPTION';

export class TestingError extends BatonError<TestingErrorCode> {}
