import { textOf, type Files, type Logger } from '@batonmq/host';

/** Who this broker is to the controller, for ever. */
export interface Identity {
  readonly clusterName: string;
  readonly brokerName: string;
  readonly id: number;
}

/** An id that was asked for; the check code makes asking again safe. */
export interface TemporaryIdentity extends Identity {
  /** `ip:port;ms` */
  readonly checkCode: string;
}

/**
 * `<cluster>#<brokerName>#<id>`, one line; the temporary file beside it (`-temp`) has `#<ip:port>;<ms>` more. Replaced
 * atomically and synced, unlike the reference. Unreadable files count as absent.
 * @source BrokerMetadata, TempBrokerMetadata
 */
export class IdentityFile {
  constructor(
    private readonly host: { readonly files: Files; readonly log: Logger },
    private readonly path: string,
  ) {}

  read(): Identity | undefined {
    const parts = this.parts(this.path, 3);
    return parts === undefined ? undefined : identityOf(parts);
  }

  readTemporary(): TemporaryIdentity | undefined {
    const parts = this.parts(this.temporaryPath, 4);
    const identity = parts === undefined ? undefined : identityOf(parts);
    return identity === undefined ? undefined : { ...identity, checkCode: parts?.at(-1) ?? '' };
  }

  write({ clusterName, brokerName, id }: Identity): void {
    this.replace(this.path, `${clusterName}#${brokerName}#${id}`);
  }

  writeTemporary({ clusterName, brokerName, id, checkCode }: TemporaryIdentity): void {
    this.replace(this.temporaryPath, `${clusterName}#${brokerName}#${id}#${checkCode}`);
  }

  removeTemporary(): void {
    this.host.files.remove(this.temporaryPath);
  }

  private get temporaryPath(): string {
    return `${this.path}-temp`;
  }

  private replace(path: string, text: string): void {
    this.host.files.makeDirs(path.slice(0, Math.max(path.lastIndexOf('/'), 1)));
    this.host.files.replace(path, text);
  }

  private parts(path: string, count: number): string[] | undefined {
    try {
      const text = this.host.files.readAll(path)?.toString('utf8').trim();
      if (text === undefined) return undefined;
      const parts = text.split('#');
      if (parts.length === count && parts.every((part) => part !== '')) return parts;
      this.host.log.warn({ path, bytes: text.length }, 'an identity file is damaged and not used');
    } catch (error) {
      this.host.log.warn({ path, error: textOf(error) }, 'an identity file cannot be read');
    }
    return undefined;
  }
}

function identityOf(parts: string[]): Identity | undefined {
  const id = Number(parts[2]);
  if (!Number.isSafeInteger(id) || id < 1) return undefined;
  return { clusterName: parts[0] as string, brokerName: parts[1] as string, id };
}
