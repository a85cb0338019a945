/**
 * Base of every error a BatonMQ package throws on purpose. Branch on `code`: it is stable, the text is for people, and
 * `instanceof` fails when a package is installed twice.
 */
export class BatonError<Code extends string = string> extends Error {
  readonly code: Code;
  /** What the reader of the message can do about it. */
  readonly hint: string | undefined;

  constructor(code: Code, message: string, options: { hint?: string; cause?: unknown } = {}) {
    super(options.hint === undefined ? message : `${message} (${options.hint})`, { cause: options.cause });
    this.name = new.target.name;
    this.code = code;
    this.hint = options.hint;
  }
}

export type HostErrorCode =
  | 'FILE_NOT_FOUND'
  | 'FILE_LOCKED'
  | 'FILE_IO'
  | 'DISK_FULL'
  | 'ADDRESS_IN_USE'
  | 'NETWORK'
  | 'CONNECT_FAILED'
  | 'CONNECT_TIMEOUT'
  | 'CONNECTION_CLOSED'
  | 'COMPRESSION';

export class HostError extends BatonError<HostErrorCode> {}

/** The code of any error, or undefined. Works across installed copies of a package and for system errors. */
export function codeOf(error: unknown): string | undefined {
  const code = (error as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/** One line for a log or a terminal. */
export function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
