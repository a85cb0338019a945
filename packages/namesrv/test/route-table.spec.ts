import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RouteScript } from './route-script';

/**
 * Files in data/ tell stories of route tables. A story begins with `## `; its blocks are a command, `----`, and what
 * comes out. `REWRITE=1` fills in the answers; read the diff.
 */
const directory = join(__dirname, 'data');
const isRewriting = process.env['REWRITE'] !== undefined;

describe.each(readdirSync(directory))('%s', (file) => {
  const path = join(directory, file);
  const stories = readFileSync(path, 'utf8')
    .split(/^## /m)
    .filter((story) => story.trim() !== '');
  const rewritten: string[] = [];

  describe.each(stories.map((story) => [story.split('\n')[0] as string, story]))('%s', (title, story) => {
    const script = new RouteScript();
    rewritten.push(`## ${title}`);
    for (const block of story.split(/\n\n+/).slice(1)) {
      const { comments, command, expected } = readBlock(block);
      if (command === '') continue;
      const actual = script.run(command);
      rewritten.push([...comments, command, '----', actual].join('\n'));
      it(command, () => expect(isRewriting ? actual : expected).toBe(actual));
    }
  });
  if (isRewriting) writeFileSync(path, `${rewritten.join('\n\n')}\n`);
});

function readBlock(block: string): { comments: string[]; command: string; expected: string } {
  const all = block.trimEnd().split('\n');
  const lines = all.filter((line) => !line.startsWith('#'));
  const comments = all.filter((line) => line.startsWith('#'));
  const bar = lines.includes('----') ? lines.indexOf('----') : lines.length;
  return { comments, command: lines.slice(0, bar).join('').trim(), expected: lines.slice(bar + 1).join('\n') };
}
