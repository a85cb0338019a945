import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { World } from '@batonmq/simulator';
import { member } from './example';
import { FileLog } from './world/file-log';
import { OPTIONS } from './world/group';
import { CONTROLLER_PORT, ControllerState, ScriptedController } from './world/scripted-controller';

it("README's example is the one that runs here", async () => {
  const readme = readFileSync(join(__dirname, '../README.md'), 'utf8');
  const example = readFileSync(join(__dirname, 'example.ts'), 'utf8');
  expect(readme).toContain(example.replace("'../src'", "'@batonmq/broker-ha'"));
  const world = new World({ seed: 1 });
  const machine = world.machine('ctl', { address: '10.1.0.100' });
  const controller = new ScriptedController(machine.boot(), new ControllerState(), `10.1.0.100:${CONTROLLER_PORT}`);
  void controller.start();
  const host = world.machine('b1', { address: '10.1.0.1' }).boot();
  const log = new FileLog(host, '/store');
  const options = { ...OPTIONS, brokerAddr: '10.1.0.1:10911', haServerAddr: '10.1.0.1:10912' };
  let outcome = '';
  void member(host, options, log).then((service) => {
    const send = (): void => {
      if (service.canAccept() === 'ok') service.onReplicated(log.put('hello'), (result) => (outcome = result));
      else host.timers.after(10, send);
    };
    send();
  });
  expect(await world.run(5000, () => outcome === 'ok')).toBe(true);
});
