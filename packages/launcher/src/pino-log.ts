import pino, { type Logger as Pino } from 'pino';
import type { Fields, Logger } from '@batonmq/host';

const wrap = (own: Pino): Logger => ({
  debug: (fields: Fields, message: string) => own.debug(fields, message),
  info: (fields: Fields, message: string) => own.info(fields, message),
  warn: (fields: Fields, message: string) => own.warn(fields, message),
  error: (fields: Fields, message: string) => own.error(fields, message),
  child: (bindings: Fields) => wrap(own.child(bindings)),
});

/** JSON lines on standard error; BATONMQ_LOG_LEVEL (debug, info, warn, error, silent) sets how much. */
export function pinoLog(program: string): Logger {
  const level = process.env['BATONMQ_LOG_LEVEL'] ?? 'info';
  return wrap(
    pino({ name: program, level, timestamp: pino.stdTimeFunctions.isoTime }, pino.destination({ dest: 2, sync: true })),
  );
}
