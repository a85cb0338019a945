import { consoleLog } from './log';

it('writes lines of its level and above, with the fields of all its ancestors', () => {
  const lines: string[] = [];
  const write = jest.spyOn(process.stderr, 'write').mockImplementation((text) => lines.push(String(text)) > 0);
  const log = consoleLog('warn', { node: 'n0' }).child({ part: 'raft' });
  log.info({}, 'not shown');
  log.debug({}, 'not shown');
  log.warn({ term: 3 }, 'shown');
  log.error({}, 'shown too');
  write.mockRestore();
  expect(lines.length).toBe(2);
  expect(lines[0]).toMatch(/^\S+Z warn shown node=n0 part=raft term=3\n$/);
});
