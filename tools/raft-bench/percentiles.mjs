/** Median, p99, p99.9 and the largest of `values`, in their unit, to hundredths. */
export function percentiles(values) {
  const sorted = Float64Array.from(values).sort();
  const at = (share) => round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0);
  return { median: at(0.5), p99: at(0.99), p999: at(0.999), max: at(1) };
}

export const round = (value) => Number(value.toFixed(2));
