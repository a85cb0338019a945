import type { StoreReport } from './report';

/** The report for people: a line per thing, tables aligned by tabs of spaces. */
export function reportText(report: StoreReport): string {
  const { segments, queues, epochs, checkpoint, indexFiles, problem } = report;
  const lines = [
    `store        ${report.directory}`,
    `last stop    ${report.cleanStop ? 'clean' : 'not clean, or still running (abort is there)'}`,
    `log          ${report.minOffset} to ${report.maxOffset}, ${report.records} records in ${segments.length} segments`,
  ];
  for (const each of segments) {
    const times = each.records === 0 ? '' : `, ${time(each.firstTimestamp)} to ${time(each.lastTimestamp)}`;
    lines.push(`  ${each.file}  ${each.bytes} B, ${each.records} records up to ${each.endOffset}${times}`);
  }
  lines.push(`queues       ${queues.length}`);
  for (const { topic, queueId, minOffset, maxOffset, files, endOffset } of queues)
    lines.push(`  ${topic} ${queueId}  ${minOffset} to ${maxOffset}, ${files} files, up to ${endOffset} in the log`);
  lines.push(`epochs       ${epochs.length === 0 ? 'none' : ''}`.trimEnd());
  for (const { epoch, startOffset } of epochs) lines.push(`  ${epoch}  from ${startOffset}`);
  if (checkpoint === undefined) lines.push('checkpoint   none');
  else {
    const { logTimestamp, queuesTimestamp, indexTimestamp, confirmOffset, masterFlushedOffset } = checkpoint;
    lines.push(
      `checkpoint   log ${time(logTimestamp)}, queues ${time(queuesTimestamp)}, index ${time(indexTimestamp)}`,
      `             confirm offset ${confirmOffset}, master flushed ${masterFlushedOffset}`,
    );
  }
  lines.push(`index        ${indexFiles.length} files`);
  for (const { file, entries, beginOffset, endOffset } of indexFiles)
    lines.push(`  ${file}  ${entries} keys, of records from ${beginOffset} to ${endOffset}`);
  if (problem === undefined) lines.push('problem      none found');
  else lines.push(`problem      ${problem.file}: ${problem.what}`, `             ${problem.advice}`);
  return `${lines.join('\n')}\n`;
}

function time(timestampMs: number): string {
  return timestampMs <= 0 ? '-' : new Date(timestampMs).toISOString();
}
