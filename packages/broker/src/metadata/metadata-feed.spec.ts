import type { Timers } from '@batonmq/host';
import { MetadataFeed } from './metadata-feed';

/** Time that passes when the spec says so. */
class ManualTimers {
  private tasks: { at: number; task: () => void }[] = [];
  private now = 0;

  readonly after: Timers['after'] = (delayMs, task) => {
    const one = { at: this.now + delayMs, task };
    this.tasks.push(one);
    return () => (this.tasks = this.tasks.filter((other) => other !== one));
  };

  pass(ms: number): void {
    this.now += ms;
    const due = this.tasks.filter((one) => one.at <= this.now);
    this.tasks = this.tasks.filter((one) => one.at > this.now);
    for (const one of due) one.task();
  }
}

// Known loss `topic-after-switch`: a topic that only the dead master knew.
describe('MetadataFeed', () => {
  let members = [1, 2, 3];
  let timers = new ManualTimers();
  let origins = 0;
  const make = (): MetadataFeed => {
    const random = { next: () => 0, bytes: (length: number) => Buffer.alloc(length, (origins += 1)) };
    const clock = { monotonicMs: () => 0, wallMs: () => 0 };
    return new MetadataFeed(
      { timers: timers as unknown as Timers, clock },
      random,
      () => members,
      () => 1,
    );
  };
  const follow = (feed: MetadataFeed, id: number): void => feed.ask(id, feed.token, () => {});

  beforeEach(() => {
    members = [1, 2, 3];
    timers = new ManualTimers();
  });

  it('answers a follower at once when it lacks something, else when there is news', () => {
    const feed = make();
    const answers: string[] = [];
    feed.ask(2, 'none', () => answers.push('at once'));
    feed.ask(2, make().token, () => answers.push('token of another process'));
    feed.ask(2, feed.token, () => answers.push('news'));
    expect(answers).toEqual(['at once', 'token of another process']);
    feed.changed();
    feed.changed();
    expect(answers).toEqual(['at once', 'token of another process', 'news']);
  });

  it('answers a follower without news after a while, once', () => {
    const feed = make();
    const answer = jest.fn();
    feed.ask(2, feed.token, answer);
    timers.pass(2999);
    expect(answer).not.toHaveBeenCalled();
    timers.pass(1);
    feed.changed();
    feed.stop();
    expect(answer).toHaveBeenCalledTimes(1);
  });

  it('confirms a change when all members that follow have seen it', () => {
    const feed = make();
    const done = jest.fn();
    follow(feed, 2);
    follow(feed, 3);
    feed.changed();
    feed.whenSeen(4000, done);
    follow(feed, 2);
    expect(done).not.toHaveBeenCalled();
    follow(feed, 3);
    expect(done.mock.calls).toEqual([[true]]);
    timers.pass(4000);
    expect(done).toHaveBeenCalledTimes(1);
  });

  it('does not wait for itself, for replicas that never asked, nor for those outside the set', () => {
    const feed = make();
    follow(feed, 2);
    feed.changed();
    members = [1, 3];
    const done = jest.fn();
    feed.whenSeen(4000, done);
    expect(done.mock.calls).toEqual([[true]]);
  });

  it('stops waiting for a member that leaves the set', () => {
    const feed = make();
    follow(feed, 2);
    feed.changed();
    const done = jest.fn();
    feed.whenSeen(4000, done);
    members = [1];
    feed.settle();
    expect(done.mock.calls).toEqual([[true]]);
  });

  it.each([
    ['the time is over', () => timers.pass(4000)],
    ['the broker stops', (feed: MetadataFeed) => feed.stop()],
  ])('says that not all have seen it when %s', (_what, end) => {
    const feed = make();
    follow(feed, 2);
    feed.changed();
    const done = jest.fn();
    feed.whenSeen(4000, done);
    end(feed);
    expect(done.mock.calls).toEqual([[false]]);
  });
});
