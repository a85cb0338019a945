export interface HostAndPort {
  readonly host: string;
  readonly port: number;
}

/**
 * Splits `host:port` at the last colon (RocketMQ's rule, so bare and bracketed IPv6 work).
 * @returns undefined when there is no host, or no port in 0..65535
 */
export function parseAddress(text: string): HostAndPort | undefined {
  const trimmed = text.trim();
  const colon = trimmed.lastIndexOf(':');
  if (colon < 1) return undefined;
  const digits = trimmed.slice(colon + 1);
  const port = Number(digits);
  if (!/^\d{1,5}$/.test(digits) || port > 65535) return undefined;
  const host = trimmed.slice(0, colon).replace(/^\[(.*)\]$/, '$1');
  return { host, port };
}

/** The addresses of a `;` separated list, in order, without blanks and empty items. */
export function splitAddresses(text: string): string[] {
  return text
    .split(';')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}
