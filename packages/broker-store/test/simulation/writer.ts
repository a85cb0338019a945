import type { PutResult } from '../../src/index';
import { message } from '../store-fixture';
import { Broken } from './checks';
import type { Entry } from './history';
import { KEYS, MasterFeed, TOPICS, batchBody, drawMessage } from './records';
import type { Stage } from './stage';

/** What goes into the log: puts of a master, or the bytes that another master sends; and what is promised about it. */
export class Writer {
  private readonly feed: MasterFeed;
  /** The record of which the log does not have all bytes yet, and where it begins. */
  private stream: { bytes: Buffer; entry: Entry } | undefined;
  private streamAt = 0;
  /** Their writes failed, which may have left all of one all the same. */
  private refusedEntries: Entry[] = [];

  /** @param startWallMs of the wall clock */
  constructor(
    private readonly stage: Stage,
    private readonly startWallMs: number,
  ) {
    this.feed = new MasterFeed(stage.prng, stage.history, stage.weather.places, stage.fileSize);
  }

  async write(): Promise<void> {
    if (!this.stage.isMaster) return this.append();
    const { prng, machine } = this.stage;
    const count = 1 + prng.int(8);
    let end = 0;
    for (let i = 0; i < count && machine.running; i++) {
      end = Math.max(end, prng.chance(0.15) ? this.putBatch() : this.putOne());
    }
    if (end === 0 || !machine.running || prng.chance(0.4)) return;
    await this.promise(end);
  }

  private async promise(end: number): Promise<void> {
    const { stage } = this;
    const { history, store } = stage;
    try {
      if (!(await stage.until(store.whenDurable(end)))) return;
    } catch (error) {
      if (!stage.faulty && !stage.hadFault) throw error;
      stage.lostByFault();
      return;
    }
    history.promisedEnd = Math.max(history.promisedEnd, end);
    if (stage.weather.role === 'controlled' && stage.prng.chance(0.7)) this.confirm();
  }

  private confirm(): void {
    const { history, store, prng } = this.stage;
    const end = store.log.writtenOffset();
    const from = store.log.confirmOffset();
    if (end <= from) return;
    const to = prng.chance(0.5) ? end : from + prng.int(end - from + 1);
    history.confirmed = Math.max(history.confirmed, to);
    store.log.setConfirmOffset(to);
  }

  // ---- as a master ----

  private putOne(): number {
    const { stage } = this;
    stage.lostByFault();
    const drawn = drawMessage(stage.prng, stage.history, stage.weather.places, stage.fileSize - 700);
    const { input } = drawn;
    const result = stage.store.put(input);
    if (result.status !== 'PUT_OK') return this.refused(result);
    stage.counts['puts']!++;
    const queueOffset = drawn.numbered ? result.queueOffset : undefined;
    const { physicalOffset: offset, endOffset: end, storeTimestamp: timestamp } = result;
    const { body, key } = drawn;
    this.took({ offset, end, topic: input.topic, queueId: input.queueId, queueOffset, body, key, timestamp });
    return result.endOffset;
  }

  private putBatch(): number {
    const { prng, history, store, weather, counts } = this.stage;
    this.stage.lostByFault();
    const topic = TOPICS[prng.int(Math.min(2, weather.places.topics))] as string;
    const queueId = prng.int(weather.places.queues);
    const key = prng.chance(0.5) ? (KEYS[0] as string) : undefined;
    const bodies = Array.from({ length: 1 + prng.int(4) }, () => history.nextBody(8 + prng.int(60)));
    const own = key === undefined ? '' : `KEYS\u0001${key}`;
    const result = store.putBatch(message(topic, queueId, batchBody(bodies, own)));
    if (result.status !== 'PUT_OK') return this.refused(result);
    const ids = result.messageIds.split(',').map((id) => parseInt(id.slice(-16), 16));
    bodies.forEach((body, at) =>
      this.took({
        offset: ids[at] as number,
        end: ids[at + 1] ?? result.endOffset,
        topic,
        queueId,
        queueOffset: result.queueOffset + at,
        body,
        key,
        timestamp: result.storeTimestamp,
      }),
    );
    counts['puts']! += bodies.length;
    return result.endOffset;
  }

  private refused(result: PutResult): number {
    const { stage } = this;
    if (stage.faulty || stage.hadFault || !stage.machine.running) {
      stage.lostByFault();
      return 0;
    }
    throw new Broken('a healthy store takes messages', `${result.status} ${result.reason}`);
  }

  private took(entry: Omit<Entry, 'life' | 'born'>): void {
    const { history } = this.stage;
    const { offset, end, topic, queueId, queueOffset, key } = entry;
    if (offset < history.end) throw new Broken('a place in the log is given once', `${offset} is below ${history.end}`);
    if (queueOffset !== undefined) {
      const due = history.nextOffset(topic, queueId, queueOffset);
      if (queueOffset !== due)
        throw new Broken('a queue offset is given once', `${topic.slice(0, 8)}-${queueId}: ${queueOffset}, due ${due}`);
    }
    this.stage.note(`put ${topic.slice(0, 8)}-${queueId}@${queueOffset} [${offset},${end}) ${key ?? ''}`);
    if (entry.timestamp < (history.entries.at(-1)?.timestamp ?? 0))
      throw new Broken('times do not go back along the log', `${entry.timestamp} at ${offset}`);
    const life = history.lifeOf(topic);
    history.entries.push({ ...entry, life, born: life });
  }

  // ---- as a replica ----

  /** Bytes of a master, in pieces that end anywhere. */
  private async append(): Promise<void> {
    const { stage } = this;
    const { prng, history, store, machine } = stage;
    for (let i = 0, count = 1 + prng.int(6); i < count && machine.running; i++) {
      const at = store.log.maxOffset();
      stage.lostByFault();
      const { bytes, entry } = this.sending(at);
      const done = at - this.streamAt;
      const inFile = stage.fileSize - (at % stage.fileSize);
      const wanted = prng.chance(0.5) ? bytes.length : 1 + prng.int(bytes.length);
      const piece = bytes.subarray(done, Math.min(done + Math.min(wanted, inFile), bytes.length));
      try {
        store.log.append(at, piece);
      } catch (error) {
        if (!stage.hadFault && machine.running) throw error;
        // A master that comes back later numbers what it then sends.
        if (done === 0) this.forgetStream();
        this.refusedEntries.push(entry);
        return;
      }
      this.refusedEntries = [];
      stage.counts['appends']!++;
      stage.note(`append ${at}..${at + piece.length} of ${this.streamAt}..${this.streamAt + bytes.length}`);
      if (done + piece.length === bytes.length) {
        history.entries.push(entry);
        this.stream = undefined;
      }
    }
    await stage.runWorld(0.02, () => !machine.running);
    if (!machine.running) return;
    if (prng.chance(0.6)) await this.promise(Math.min(store.log.writtenOffset(), history.end));
    else if (prng.chance(0.5)) this.confirm();
  }

  private sending(at: number): { bytes: Buffer; entry: Entry } {
    if (this.stream !== undefined) return this.stream;
    const { skewMs, world } = this.stage;
    this.streamAt = at;
    return (this.stream = this.feed.next(at, this.startWallMs + skewMs + Math.floor(world.now())));
  }

  /** The rest of a record that was being sent will not come: another master, a cut, a restart. */
  forgetStream(): void {
    this.stream = undefined;
    this.streamAt = 0;
  }

  /** A record whose missing bytes are zeros is whole without them, and one is whole of which a failed write left everything. */
  completeUpTo(end: number): void {
    const { history, store } = this.stage;
    const begun = this.stream === undefined ? [] : [this.stream.entry];
    const isThere = (entry: Entry): boolean =>
      entry.end === end && store.messageAt(entry.offset)?.includes(entry.body) === true;
    const found = [...begun, ...this.refusedEntries].find(isThere);
    this.refusedEntries = [];
    if (found === undefined || end <= history.end) return;
    history.entries.push(found);
    this.stream = undefined;
  }
}
