/** More edits than this make a different word, not a slip. */
const MAX_EDITS = 3;

/**
 * The known key that whoever wrote `wrong` most likely meant, or undefined. Case, dots, dashes and underscores do not
 * count, nor does the `is` of a Java getter: RocketMQ prints a key as `isProcessReadEvent` that only `processReadEvent` sets.
 */
export function nearestKey(wrong: string, known: Iterable<string>): string | undefined {
  const spellings = [bare(wrong), bare(wrong.replace(/^(is|get|set)(?=[A-Z])/, ''))];
  let best: string | undefined;
  let fewest = Infinity;
  for (const key of known) {
    const target = bare(key);
    const limit = Math.min(fewest - 1, MAX_EDITS, Math.floor(target.length / 3));
    for (const spelling of spellings) {
      if (Math.abs(spelling.length - target.length) > limit) continue;
      const edits = editDistance(spelling, target);
      if (edits <= limit && edits < fewest) {
        best = key;
        fewest = edits;
      }
    }
  }
  return best;
}

function bare(key: string): string {
  return key.toLowerCase().replace(/[._\s-]/g, '');
}

/** Insertions, deletions, replacements and swaps of neighbours (optimal string alignment) that lead from `a` to `b`. */
export function editDistance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (last[j - 1] as number) + (a[i - 1] === b[j - 1] ? 0 : 1);
      let edits = Math.min(replaced, (last[j] as number) + 1, (row[j - 1] as number) + 1);
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        edits = Math.min(edits, (beforeLast[j - 2] as number) + 1);
      row.push(edits);
    }
    beforeLast = last;
    last = row;
  }
  return last[b.length] as number;
}
