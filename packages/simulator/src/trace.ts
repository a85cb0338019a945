import type { Fields, Logger } from '@batonmq/host';

export type TraceLevel = 'debug' | 'info' | 'warn' | 'error' | 'none';
const ORDER: Record<TraceLevel, number> = { debug: 0, info: 1, warn: 2, error: 3, none: 4 };

/** What happened, one line each, with virtual time and machine; the oldest lines go when there are more than `limit`. */
export class Trace {
  private lines: string[] = [];

  constructor(
    private readonly now: () => number,
    private readonly limit: number,
    private readonly level: TraceLevel,
  ) {}

  /** The latest lines, oldest first. */
  get latest(): readonly string[] {
    if (this.lines.length > this.limit) this.lines = this.lines.slice(-this.limit);
    return this.lines;
  }

  add(who: string, what: string): void {
    this.lines.push(`${this.now().toFixed(3)} ${who} ${what}`);
    if (this.lines.length > 2 * this.limit) this.lines = this.lines.slice(-this.limit);
  }

  logger(who: string, isAlive: () => boolean, bindings = ''): Logger {
    const at =
      (level: Exclude<TraceLevel, 'none'>) =>
      (fields: Fields, message: string): void => {
        if (ORDER[level] >= ORDER[this.level] && isAlive()) {
          this.add(who, `${level} ${message}${bindings}${textOfFields(fields)}`);
        }
      };
    return {
      debug: at('debug'),
      info: at('info'),
      warn: at('warn'),
      error: at('error'),
      child: (more) => this.logger(who, isAlive, bindings + textOfFields(more)),
    };
  }
}

function textOfFields(fields: Fields): string {
  let text = '';
  for (const [key, value] of Object.entries(fields)) text += ` ${key}=${textOfValue(value)}`;
  return text;
}

function textOfValue(value: unknown): string {
  if (value instanceof Error) return value.message;
  if (typeof value !== 'object' || value === null) return String(value);
  try {
    return JSON.stringify(value);
  } catch {
    return String(value);
  }
}
