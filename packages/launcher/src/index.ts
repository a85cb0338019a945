export { launch, type Composition, type Program, type Properties } from './launch';
export { pinoLog } from './pino-log';
export { readFlags, type Flags, type FlagsOutcome } from './read-flags';
