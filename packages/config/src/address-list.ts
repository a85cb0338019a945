import { parseAddress, splitAddresses } from '@batonmq/host';

/** True for `host:port` with a port that can be connected to; false for what is a URL or a list with commas. */
export function isAddress(text: string): boolean {
  const parsed = parseAddress(text);
  return parsed !== undefined && parsed.port !== 0 && !/[\s,;/]/.test(parsed.host);
}

/** The first entry of a `;` separated list that is not an address. */
export function badAddress(list: string): string | undefined {
  return splitAddresses(list).find((item) => !isAddress(item));
}
