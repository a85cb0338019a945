import { filesConformance } from './conformance/files';
import { networkConformance } from './conformance/network';
import type { It, MakeHost } from './conformance/suite';
import { timersConformance } from './conformance/timers';

export { filesConformance } from './conformance/files';
export { networkConformance } from './conformance/network';
export { timersConformance } from './conformance/timers';
export type { HostUnderTest, It, MakeHost } from './conformance/suite';

/**
 * What every implementation of Host must do, as tests for any runner:
 *
 *     describe('my host', () => hostConformance(it, async () => ({ host, peer, address, directory, drive, dispose })));
 */
export function hostConformance(it: It, makeHost: MakeHost): void {
  timersConformance(it, makeHost);
  filesConformance(it, makeHost);
  networkConformance(it, makeHost);
}
