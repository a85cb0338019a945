import { groupNameProblem, isForbiddenToSend, isSystemTopic, topicNameProblem } from './topic-names';

describe('topicNameProblem', () => {
  it.each(['Orders', 'a-b_c|d%1', 'x'.repeat(127), `%RETRY%${'g'.repeat(248)}`, `%DLQ%${'g'.repeat(250)}`])(
    'takes %s',
    (name) => expect(topicNameProblem(name)).toBeUndefined(),
  );

  it.each(['', '  ', 'a b', 'a.b', 'ä', 'a/b', 'x'.repeat(128), `%RETRY%${'g'.repeat(249)}`])('refuses "%s"', (name) =>
    expect(topicNameProblem(name)).toEqual(expect.any(String)),
  );
});

describe('groupNameProblem', () => {
  it.each([
    ['readers', true],
    ['g'.repeat(120), true],
    ['g'.repeat(121), false],
    ['', false],
    ['a b', false],
  ])('%s: good is %s', (name, good) => expect(groupNameProblem(name) === undefined).toBe(good));
});

it.each([
  ['TBW102', true, false],
  ['SCHEDULE_TOPIC_XXXX', true, true],
  ['RMQ_SYS_TRANS_HALF_TOPIC', true, true],
  ['RMQ_SYS_TRACE_TOPIC', true, false],
  ['rmq_sys_anything', true, false],
  ['Orders', false, false],
])('%s: system is %s, closed to senders is %s', (topic, system, closed) => {
  expect([isSystemTopic(topic), isForbiddenToSend(topic)]).toEqual([system, closed]);
});
