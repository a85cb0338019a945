import { createServer } from 'node:net';
import { freePorts } from './free-ports';

describe('freePorts', () => {
  it('finds ports whose neighbourhoods are free and do not overlap', async () => {
    const offsets = [-2, 0, 1];
    const bases = await freePorts(5, offsets);
    const all = bases.flatMap((base) => offsets.map((offset) => base + offset));
    expect(new Set(all).size).toBe(15);
    const server = createServer().listen(bases[0], '127.0.0.1');
    await new Promise((resolve) => server.once('listening', resolve));
    server.close();
  });

  it('gives no port again before anybody has come to listen there', async () => {
    const calls: number[][] = [];
    for (let i = 0; i < 10; i++) calls.push(await freePorts(60));
    const all = calls.flat();
    expect(new Set(all).size).toBe(all.length);
  });
});
