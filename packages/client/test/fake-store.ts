/** Records of one topic in RocketMQ's layout (remoting.md 13), enough for clients to read. */
export class MessageStore {
  private readonly queues = new Map<number, Buffer[]>();
  private waiting: (() => void)[] = [];

  /** @returns the queue offset */
  put(topic: string, queueId: number, properties: string, body: Buffer): number {
    const records = this.queues.get(queueId) ?? [];
    this.queues.set(queueId, records);
    const name = Buffer.from(topic);
    const text = Buffer.from(properties);
    const head = Buffer.alloc(88);
    head.writeInt32BE(head.length + body.length + 1 + name.length + 2 + text.length, 0);
    head.writeUInt32BE(0xdaa320a7, 4);
    head.writeInt32BE(queueId, 12);
    head.writeBigInt64BE(BigInt(records.length), 20);
    head.writeInt32BE(body.length, 84);
    const lengths = Buffer.alloc(2);
    lengths.writeInt16BE(text.length);
    records.push(Buffer.concat([head, body, Buffer.from([name.length]), name, lengths, text]));
    for (const wake of this.waiting.splice(0)) wake();
    return records.length - 1;
  }

  from(queueId: number, offset: number): Buffer[] {
    return (this.queues.get(queueId) ?? []).slice(offset);
  }

  /** Resolves with the next message. */
  more(): Promise<void> {
    return new Promise((resolve) => this.waiting.push(resolve));
  }
}
