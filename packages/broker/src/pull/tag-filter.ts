import { javaHash } from '@batonmq/broker-store';

/** Which messages a subscription wants, told by the hash of their tag; false positives are dropped by the client. */
export interface TagFilter {
  matchesTags(tagsCode: number): boolean;
}

/**
 * @param expression `*`, empty or absent: everything; else tags joined with `||`
 * @returns undefined when everything matches
 * @source FilterAPI.buildSubscriptionData
 */
export function tagFilter(expression: string | undefined): TagFilter | undefined {
  const text = expression?.trim() ?? '';
  if (text === '' || text === '*') return undefined;
  const tags = text
    .split('||')
    .map((tag) => tag.trim())
    .filter((tag) => tag !== '');
  if (tags.length === 0) return undefined;
  const codes = new Set(tags.map((tag) => javaHash(tag)));
  return { matchesTags: (tagsCode) => codes.has(tagsCode) };
}
