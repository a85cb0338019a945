/** Which messages a subscription wants, told by the hash of their tag; false positives are dropped by the client. */
export interface TagFilter {
  matchesTags(tagsCode: number): boolean;
}

/** Java's String.hashCode: 31·h + c over UTF-16 units, wrapping at 32 bits. */
export function tagHash(tag: string): number {
  let hash = 0;
  for (let at = 0; at < tag.length; at += 1) hash = (Math.imul(31, hash) + tag.charCodeAt(at)) | 0;
  return hash;
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
  const codes = new Set(tags.map(tagHash));
  return { matchesTags: (tagsCode) => codes.has(tagsCode) };
}
