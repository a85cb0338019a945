import { decideRole, type ControllerWord, type OwnRole } from './role-machine';

const word = (epoch: number, masterId?: number, masterAddress = `a${masterId}`): ControllerWord => ({
  epoch,
  masterId,
  masterAddress,
});
const own = (role: OwnRole['role'], epoch: number, masterId?: number): OwnRole => ({
  role,
  epoch,
  masterId,
  masterAddress: `a${masterId}`,
});

describe('the role decision table; self is broker 1', () => {
  const rows: [string, ControllerWord, OwnRole, string][] = [
    ['lower epoch', word(4, 2), own('master', 5, 1), 'stale-epoch'],
    ['lower epoch without master', word(4), own('slave', 5, 2), 'stale-epoch'],
    ['same epoch, no master, master', word(5), own('master', 5, 1), 'known'],
    ['same epoch, no master, slave', word(5), own('slave', 5, 2), 'known'],
    ['same epoch, no master, none', word(5), own('none', 5), 'elect'],
    ['same epoch, self, master', word(5, 1), own('master', 5, 1), 'adopt-set'],
    ['same epoch, self, slave', word(5, 1), own('slave', 5, 2), 'contradiction'],
    ['same epoch, self, none', word(5, 1), own('none', 5), 'become-master'],
    ['same epoch, followed', word(5, 2), own('slave', 5, 2), 'known'],
    ['same epoch, followed at a new address', word(5, 2, 'moved'), own('slave', 5, 2), 'follow-on'],
    ['same epoch, another, slave', word(5, 3), own('slave', 5, 2), 'contradiction'],
    ['same epoch, another, master', word(5, 3), own('master', 5, 1), 'contradiction'],
    ['same epoch, another, none', word(5, 3), own('none', 5), 'become-slave'],
    ['higher epoch, no master, master', word(6), own('master', 5, 1), 'elect'],
    ['higher epoch, no master, slave', word(6), own('slave', 5, 2), 'elect'],
    ['higher epoch, no master, none', word(6), own('none', 0), 'elect'],
    ['higher epoch, self, master (same-master-new-epoch)', word(6, 1), own('master', 5, 1), 'renew-mastership'],
    ['higher epoch, self, slave', word(6, 1), own('slave', 5, 2), 'become-master'],
    ['higher epoch, self, none', word(6, 1), own('none', 0), 'become-master'],
    ['higher epoch, followed (same-master-new-epoch)', word(6, 2), own('slave', 5, 2), 'follow-on'],
    ['higher epoch, another, slave', word(6, 3), own('slave', 5, 2), 'become-slave'],
    ['higher epoch, another, master', word(6, 3), own('master', 5, 1), 'become-slave'],
    ['higher epoch, another, none', word(6, 3), own('none', 0), 'become-slave'],
  ];
  it.each(rows)('%s', (_name, said, mine, expected) => {
    const decision = decideRole(said, mine, 1);
    expect(decision.kind === 'ignore' ? decision.because : decision.kind).toBe(expected);
  });
});
