import type { Fields, Logger } from '../host';

/** Says nothing. */
export const silentLog: Logger = {
  debug: () => {},
  info: () => {},
  warn: () => {},
  error: () => {},
  child: () => silentLog,
};

/** One line per event on standard error: for small programs and tests; applications bring their own logger. */
export function consoleLog(level: 'debug' | 'info' | 'warn' | 'error' = 'info', bindings: Fields = {}): Logger {
  const order = ['debug', 'info', 'warn', 'error'] as const;
  const at =
    (own: (typeof order)[number]) =>
    (fields: Fields, message: string): void => {
      if (order.indexOf(own) < order.indexOf(level)) return;
      const all = Object.entries({ ...bindings, ...fields }).map(([key, value]) => ` ${key}=${String(value)}`);
      process.stderr.write(`${new Date().toISOString()} ${own} ${message}${all.join('')}\n`);
    };
  return {
    debug: at('debug'),
    info: at('info'),
    warn: at('warn'),
    error: at('error'),
    child: (more) => consoleLog(level, { ...bindings, ...more }),
  };
}
