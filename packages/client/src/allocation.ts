/**
 * The share of one member: as even as possible, contiguous, the first members get one more when it does not divide.
 * @param members sorted; all members of a group must compute from the same lists
 * @source AllocateMessageQueueAveragely
 */
export function allocateAveragely<Queue>(
  member: string,
  members: readonly string[],
  queues: readonly Queue[],
): Queue[] {
  const index = members.indexOf(member);
  if (index < 0) return [];
  const base = Math.floor(queues.length / members.length);
  const extra = queues.length % members.length;
  const start = index * base + Math.min(index, extra);
  return queues.slice(start, start + base + (index < extra ? 1 : 0));
}
