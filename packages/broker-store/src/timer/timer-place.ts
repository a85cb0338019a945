const MAX_DELTA_MS = 0x7fff_ffff;
/** Slots of the wheel that are never filled ahead, so that a full turn cannot meet itself. */
const BLANK_SLOTS = 60;

export interface WheelShape {
  /** Width of a slot. */
  readonly precisionMs: number;
  /** Half of the wheel's slots: seven days of seconds. */
  readonly slots: number;
  /** How many slots ahead a message is placed at most; farther ones are rolled. */
  readonly windowSlots: number;
}

/** Seven days of seconds, whatever the precision is. @source TimerMessageStore.TIMER_WHEEL_TTL_DAY */
export const WHEEL_SLOTS = 7 * 24 * 3600;

/** The shape that the keys ask for; a window that the wheel cannot have becomes the largest it can. */
export function wheelShape(precisionMs: number, timerRollWindowSlot: number, slots = WHEEL_SLOTS): WheelShape {
  const largest = Math.min(slots - BLANK_SLOTS, Math.floor(MAX_DELTA_MS / precisionMs));
  const fits = timerRollWindowSlot >= 2 && timerRollWindowSlot <= largest;
  return { precisionMs, slots, windowSlots: fits ? timerRollWindowSlot : largest };
}

export function slotTime(timeMs: number, precisionMs: number): number {
  return timeMs - (timeMs % precisionMs);
}

export interface TimerPlace {
  readonly slotMs: number;
  /** The message goes on from there: it is put into the timer topic again. */
  readonly roll: boolean;
}

/**
 * The slot of a message that was written at `writeMs` (a slot time) and is due at `dueMs`. A message beyond the window
 * waits at its end, or in its middle when little is left behind the end. Both times come from the record itself, so every
 * replica finds the same slot. @source TimerMessageStore.doEnqueue
 */
export function placeOf(dueMs: number, writeMs: number, shape: WheelShape): TimerPlace {
  const { precisionMs, windowSlots } = shape;
  const beyond = dueMs - writeMs - windowSlots * precisionMs;
  if (beyond < 0) return { slotMs: slotTime(dueMs, precisionMs), roll: false };
  const near = beyond < Math.floor(windowSlots / 3) * precisionMs;
  const ahead = near ? Math.floor(windowSlots / 2) : windowSlots;
  return { slotMs: writeMs + ahead * precisionMs, roll: true };
}
