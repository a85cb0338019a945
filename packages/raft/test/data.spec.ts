import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { Script } from './script';

/**
 * Scripts in the manner of etcd: blocks of commands, `----`, and what they bring about, up to a blank line. A line of
 * `====` begins a new group. REWRITE=1 writes down what happens; the diff is to be reviewed.
 */
const folder = join(__dirname, 'data');

describe.each(readdirSync(folder).filter((name) => name.endsWith('.txt')))('%s', (name) => {
  it('does what it says', () => {
    const path = join(folder, name);
    const before = readFileSync(path, 'utf8');
    const after = perform(before);
    if (process.env['REWRITE'] === '1') writeFileSync(path, after);
    else expect(after).toBe(before);
  });
});

function perform(text: string): string {
  let script = new Script();
  const blocks = text.trimEnd().split(/\n\n+/);
  const done = blocks.map((block) => {
    const [commands] = block.split('\n----') as [string];
    const out: string[] = [];
    for (const line of commands.split('\n')) {
      if (line === '====') script = new Script();
      else if (line !== '' && !line.startsWith('#')) out.push(...script.run(line));
    }
    const silent = commands.split('\n').every((line) => line.startsWith('#') || line === '====');
    return silent ? commands : [commands, '----', ...out].join('\n');
  });
  return `${done.join('\n\n')}\n`;
}
