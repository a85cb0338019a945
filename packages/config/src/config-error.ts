import { BatonError } from '@batonmq/host';

/**
 * CONFIG_NOT_FOUND: no such file. CONFIG_UNREADABLE: the file is there, but is not properties text.
 * CONFIG_BAD_VALUE: one key has a value of the wrong kind. CONFIG_INVALID: values that are fine alone do not go together.
 */
export type ConfigErrorCode = 'CONFIG_NOT_FOUND' | 'CONFIG_UNREADABLE' | 'CONFIG_BAD_VALUE' | 'CONFIG_INVALID';

/** What is known about the place of an error; all of it is in the message too. */
export interface ConfigErrorDetails {
  readonly hint?: string;
  readonly cause?: unknown;
  readonly key?: string;
  readonly expected?: string;
  readonly found?: string;
}

export class ConfigError extends BatonError<ConfigErrorCode> {
  readonly key: string | undefined;
  readonly expected: string | undefined;
  readonly found: string | undefined;

  constructor(code: ConfigErrorCode, message: string, details: ConfigErrorDetails = {}) {
    super(code, message, details);
    this.key = details.key;
    this.expected = details.expected;
    this.found = details.found;
  }
}
