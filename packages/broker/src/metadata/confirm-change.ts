import { RequestRefused, ResponseCode } from '@batonmq/remoting';
import type { MetadataFeed } from './metadata-feed';

/** How long a change of topics or groups waits for the members of the SyncStateSet; below the 5 s that tools wait. */
const CONFIRM_MS = 4000;

/**
 * Resolves when the in-sync replicas that follow us have the present topics and groups (known loss `topic-after-switch`).
 * @throws RequestRefused SYSTEM_ERROR: the change is made and may be repeated
 */
export async function confirmChange(feed: Pick<MetadataFeed, 'whenSeen'>): Promise<void> {
  const seen = await new Promise<boolean>((resolve) => feed.whenSeen(CONFIRM_MS, resolve));
  if (seen) return;
  const remark = 'the change is made, but not all in-sync replicas have it yet: try again';
  throw new RequestRefused(ResponseCode.SYSTEM_ERROR, remark);
}
