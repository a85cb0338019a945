/** Deeper nesting than any RocketMQ body has; beyond it the text is refused instead of exhausting the stack. */
const MAX_DEPTH = 128;

const ESCAPES: Record<string, string> = { n: '\n', t: '\t', r: '\r', b: '\b', f: '\f', v: '\v', '0': '\0' };

/** A reader of the JSON dialect that fastjson accepts. One instance reads one text. */
export class LenientJson {
  private at = 0;
  private depth = 0;
  private references = 0;

  constructor(private readonly text: string) {}

  /** @throws Error with the position */
  read(): unknown {
    const value = this.value();
    this.blank();
    if (this.at < this.text.length) throw this.error('unexpected text after the value');
    return this.references === 0 ? value : resolveReferences(value);
  }

  private error(what: string): Error {
    return new Error(`${what} at character ${this.at}`);
  }

  private blank(): void {
    for (;;) {
      while (this.at < this.text.length && this.text.charCodeAt(this.at) <= 32) this.at += 1;
      if (this.text.startsWith('//', this.at)) this.skipTo('\n', 1);
      else if (this.text.startsWith('/*', this.at)) this.skipTo('*/', 2);
      else return;
    }
  }

  private skipTo(end: string, length: number): void {
    const found = this.text.indexOf(end, this.at + 2);
    this.at = found < 0 ? this.text.length : found + length;
  }

  private value(): unknown {
    this.blank();
    const first = this.text[this.at];
    if (first === '{') return this.nested(() => this.object());
    if (first === '[') return this.nested(() => this.array());
    if (first === '"' || first === "'") return this.string(first);
    const start = this.at;
    const value = literal(this.word());
    if (value !== undefined) return value;
    this.at = start;
    throw this.error('value expected');
  }

  /** A bare name, number or literal. */
  private word(): string {
    const word = /[^\s,:[\]{}"'/]+/y;
    word.lastIndex = this.at;
    const match = word.exec(this.text)?.[0];
    if (match === undefined) throw this.error('value expected');
    this.at += match.length;
    return match;
  }

  /** Text as it is; a bare name, number or literal as it is written; an object or array as its JSON text. */
  private key(): string {
    this.blank();
    const first = this.text[this.at];
    if (first === '"' || first === "'") return this.string(first);
    return first === '{' || first === '[' ? JSON.stringify(this.value()) : this.word();
  }

  private nested<T>(read: () => T): T {
    this.depth += 1;
    if (this.depth > MAX_DEPTH) throw this.error('nested too deeply');
    const value = read();
    this.depth -= 1;
    return value;
  }

  private object(): Record<string, unknown> {
    const out: Record<string, unknown> = Object.create(null) as Record<string, unknown>;
    this.at += 1;
    for (;;) {
      this.blank();
      if (this.text[this.at] === ',') {
        this.at += 1;
        continue;
      }
      if (this.text[this.at] === '}') {
        this.at += 1;
        return { ...out };
      }
      const name = this.key();
      this.blank();
      if (this.text[this.at] !== ':') throw this.error('":" expected');
      this.at += 1;
      out[name] = this.value();
      if (name === '$ref') this.references += 1;
      this.separated('}');
    }
  }

  private array(): unknown[] {
    const out: unknown[] = [];
    this.at += 1;
    for (;;) {
      this.blank();
      if (this.text[this.at] === ',') {
        this.at += 1;
        continue;
      }
      if (this.text[this.at] === ']') {
        this.at += 1;
        return out;
      }
      out.push(this.value());
      this.separated(']');
    }
  }

  private separated(end: string): void {
    this.blank();
    const next = this.text[this.at];
    if (next !== ',' && next !== end) throw this.error(`"," or "${end}" expected`);
  }

  private string(quote: string): string {
    let out = '';
    this.at += 1;
    for (;;) {
      const char = this.text[this.at];
      if (char === undefined) throw this.error('unfinished text');
      this.at += 1;
      if (char === quote) return out;
      out += char === '\\' ? this.escape() : char;
    }
  }

  private escape(): string {
    const char = this.text[this.at] ?? '';
    this.at += 1;
    const digits = char === 'u' ? 4 : char === 'x' ? 2 : 0;
    if (digits === 0) return ESCAPES[char] ?? char;
    const code = Number.parseInt(this.text.slice(this.at, this.at + digits), 16);
    if (Number.isNaN(code)) throw this.error('bad escape');
    this.at += digits;
    return String.fromCharCode(code);
  }
}

const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/;

/** NaN is what Java writes null for. @returns undefined for a word that is no value */
function literal(word: string): unknown {
  if (word === 'true') return true;
  if (word === 'false') return false;
  if (word === 'null' || word === 'NaN' || word === 'undefined') return null;
  return NUMBER.test(word) ? Number(word) : undefined;
}

/**
 * Replaces `{"$ref":"$.a[0].b"}` by what stands there: fastjson writes it where one object occurs twice. A path of another
 * form, or one that leads nowhere, becomes null.
 */
export function resolveReferences(root: unknown): unknown {
  const visit = (value: unknown): unknown => {
    if (value === null || typeof value !== 'object') return value;
    const reference = (value as Record<string, unknown>)['$ref'];
    if (typeof reference === 'string') return follow(root, reference);
    for (const key of Object.keys(value)) {
      const container = value as Record<string, unknown>;
      const item = container[key];
      if (item !== null && typeof item === 'object') container[key] = visit(item);
    }
    return value;
  };
  return visit(root);
}

const REFERENCE = /^\$((\.(\\.|[^.[\\])+)|\[\d+\])*$/;

function follow(root: unknown, path: string): unknown {
  if (!REFERENCE.test(path)) return null;
  let value: unknown = root;
  for (const [, name, index] of path.matchAll(/\.((?:\\.|[^.[\\])+)|\[(\d+)\]/g)) {
    const key = index ?? (name as string).replace(/\\(.)/g, '$1');
    if (value === null || typeof value !== 'object' || !Object.hasOwn(value, key)) return null;
    value = (value as Record<string, unknown>)[key];
  }
  return value ?? null;
}
