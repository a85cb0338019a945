import { Group } from './world/group';

describe('a group of three', () => {
  it('forms, replicates, and a killed master is replaced well within a second', async () => {
    const group = new Group({ seed: 1 });
    await group.form();
    expect(group.master()?.name).toBe('b1');
    for (let i = 0; i < 100; i++) group.sendEverywhere();
    await group.until('all acknowledged', () => group.acks.length === 100, 1000);
    const before = group.acks.length;
    const killedAt = group.world.now();
    group.byId(1).machine.kill();
    await group.until('a new master accepts', () => group.master() !== undefined, 1000);
    group.sendEverywhere();
    await group.until('acknowledged by the new master', () => group.acks.length > before, 1000);
    const tookMs = group.world.now() - killedAt;
    expect(tookMs).toBeLessThan(100);
  });
});
