import { textOf, type Files, type Logger } from '@batonmq/host';
import { readJson, writeJson } from '@batonmq/remoting';
import { BrokerError } from '../errors';

/**
 * One of the broker's config/*.json tables. Written by atomic replacement, with the former content kept as `.bak`, which
 * Java's brokers read when the file itself is gone (store-format.md 15.1).
 */
export class JsonFile {
  /** The file itself could not be read: what it holds must not displace a `.bak` that can. */
  private damaged = false;

  constructor(
    private readonly host: { readonly files: Files; readonly log: Logger },
    private readonly path: string,
  ) {}

  /**
   * @returns undefined when there is neither the file nor its `.bak`
   * @throws BrokerError METADATA_UNREADABLE when there is something, but nothing readable: starting empty would lose it
   */
  read(): Record<string, unknown> | undefined {
    let problem: unknown;
    for (const path of [this.path, `${this.path}.bak`]) {
      const bytes = this.host.files.readAll(path);
      if (bytes === undefined || bytes.length === 0) continue;
      try {
        const value = readJson(bytes);
        if (typeof value === 'object' && value !== null) return value as Record<string, unknown>;
      } catch (error) {
        problem = error;
        this.damaged ||= path === this.path;
        this.host.log.error({ path, error: textOf(error) }, 'metadata file is damaged');
      }
    }
    if (problem === undefined) return undefined;
    throw new BrokerError('METADATA_UNREADABLE', `neither ${this.path} nor its .bak can be read: ${textOf(problem)}`, {
      hint: 'restore the file from another replica of the group',
    });
  }

  write(value: unknown): void {
    const { files } = this.host;
    const previous = this.damaged ? undefined : files.readAll(this.path);
    if (previous !== undefined && previous.length > 0) files.replace(`${this.path}.bak`, previous);
    files.replace(this.path, writeJson(value));
    this.damaged = false;
  }
}
