/**
 * Judges the history of a counter. An operation is `{ kind: 'increment' | 'read', began, ended, value }`; `ended` is
 * missing when the outcome is not known. The value of an increment is its place in the one order of all of them, so the
 * history is linearizable exactly if
 *
 * - no two increments have the same value,
 * - a value is above (increments) or not below (reads) every value known before the operation began,
 * - and not above the number of increments asked for before it ended.
 *
 * @param final the value all members have in the end
 * @returns what is wrong, in words; empty when nothing is
 */
export function judge(history, final) {
  const faults = [];
  const known = history.filter(({ ended }) => ended !== undefined);
  const increments = known.filter(({ kind }) => kind === 'increment');
  const asked = history.filter(({ kind }) => kind === 'increment');
  const values = new Set();
  for (const { value } of increments) {
    if (values.has(value)) faults.push(`two increments were counted as ${value}`);
    values.add(value);
  }
  if (final < increments.length || final > asked.length) {
    faults.push(`the counter ends at ${final}: ${increments.length} acknowledged, ${asked.length} asked for`);
  }
  const highest = increments.reduce((high, { value }) => Math.max(high, value), 0);
  if (final < highest) faults.push(`the counter ends at ${final}, but ${highest} was acknowledged`);
  return [...faults, ...backwards(known), ...ahead(known, asked)];
}

/** Time passes over beginnings and ends; `floor` is the highest value of what has ended. */
function backwards(known) {
  const faults = [];
  const begins = [...known].sort((a, b) => a.began - b.began);
  const ends = [...known].sort((a, b) => a.ended - b.ended);
  let floor = 0;
  let next = 0;
  for (const one of begins) {
    for (; next < ends.length && ends[next].ended < one.began; next++) floor = Math.max(floor, ends[next].value);
    const least = one.kind === 'increment' ? floor + 1 : floor;
    if (one.value < least) faults.push(`${one.kind} gave ${one.value} after ${floor} was known`);
  }
  return faults;
}

function ahead(known, asked) {
  const faults = [];
  const begins = asked.map(({ began }) => began).sort((a, b) => a - b);
  let next = 0;
  for (const { kind, value, ended } of [...known].sort((a, b) => a.ended - b.ended)) {
    while (next < begins.length && begins[next] <= ended) next++;
    if (value > next) faults.push(`${kind} gave ${value} when ${next} increments had been asked for`);
  }
  return faults;
}
