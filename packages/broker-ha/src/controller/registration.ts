import type { Host } from '@batonmq/host';
import { ResponseCode, controllerHeaders, type RemotingCommand } from '@batonmq/remoting';
import type { ControllerWord } from '../core/role-machine';
import { HaError } from '../errors';
import type { HaOptions } from '../options';
import type { ControllerClient } from './controller-client';
import { IdentityFile } from './identity-file';
import { applyIdRequest, nextIdRequest, registerRequest, wordOf } from './requests';

type RegistrationOptions = Pick<
  HaOptions,
  'brokerClusterName' | 'brokerName' | 'brokerAddr' | 'storePathBrokerIdentity'
>;

/** Gets this broker its id, once in its life, and makes its address known. */
export class Registration {
  private readonly file: IdentityFile;

  constructor(
    private readonly host: Pick<Host, 'files' | 'clock' | 'log'>,
    private readonly options: RegistrationOptions,
    private readonly controller: ControllerClient,
  ) {
    this.file = new IdentityFile(host, options.storePathBrokerIdentity);
  }

  /**
   * From the identity file, else applied for. A lost answer keeps the temporary file: its check code makes the next try
   * safe (the reference throws it away and burns the id).
   * @throws HaError HA_IDENTITY_MISMATCH, HA_CONTROLLER; try again
   */
  async obtainId(): Promise<number> {
    const known = this.file.read();
    if (known !== undefined) {
      this.check(known);
      return known.id;
    }
    const temporary = this.file.readTemporary() ?? (await this.reserve());
    this.check(temporary);
    const answer = await this.controller.call(applyIdRequest(this.options, temporary.id, temporary.checkCode));
    if (answer.code !== ResponseCode.SUCCESS) {
      if (answer.code === ResponseCode.CONTROLLER_BROKER_ID_INVALID) this.file.removeTemporary();
      throw refused('apply for a broker id', answer);
    }
    this.file.write(temporary);
    this.file.removeTemporary();
    return temporary.id;
  }

  /**
   * @param unsyncedTailLost this log may lack what was acknowledged: no candidate until it has caught up
   * @returns the word about the master, if a living one is known   @throws HaError HA_CONTROLLER
   */
  async register(id: number, unsyncedTailLost: boolean): Promise<ControllerWord | undefined> {
    const request = registerRequest(this.options, id, this.host.clock.wallMs(), unsyncedTailLost);
    const answer = await this.controller.call(request);
    if (answer.code !== ResponseCode.SUCCESS) throw refused('register at the controller', answer);
    const word = wordOf(answer);
    return word.masterId === undefined ? undefined : word;
  }

  private async reserve(): Promise<{ id: number; checkCode: string; clusterName: string; brokerName: string }> {
    const { brokerClusterName: clusterName, brokerName, brokerAddr } = this.options;
    const answer = await this.controller.call(nextIdRequest(this.options));
    if (answer.code !== ResponseCode.SUCCESS) throw refused('get a broker id', answer);
    const { nextBrokerId: id } = controllerHeaders.GetNextBrokerIdResponse.decode(answer.extFields);
    const temporary = { clusterName, brokerName, id, checkCode: `${brokerAddr};${this.host.clock.wallMs()}` };
    this.file.writeTemporary(temporary);
    return temporary;
  }

  private check(found: { clusterName: string; brokerName: string }): void {
    const { brokerClusterName, brokerName, storePathBrokerIdentity } = this.options;
    if (found.clusterName === brokerClusterName && found.brokerName === brokerName) return;
    const text = `${storePathBrokerIdentity} belongs to ${found.clusterName}/${found.brokerName}, not to ${brokerClusterName}/${brokerName}`;
    throw new HaError('HA_IDENTITY_MISMATCH', text, { hint: 'a store directory belongs to one broker' });
  }
}

function refused(what: string, answer: RemotingCommand): HaError {
  const hint =
    answer.code === ResponseCode.CONTROLLER_BROKER_NEED_TO_BE_REGISTERED
      ? 'the controller does not know this id; was its data lost, or the id cleaned?'
      : undefined;
  return new HaError('HA_CONTROLLER', `cannot ${what}: ${answer.code} ${answer.remark ?? ''}`.trim(), { hint });
}
