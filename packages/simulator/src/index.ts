export { World, type WorldOptions } from './world';
export { SimMachine, type MachineOptions } from './machine';
export { SimDisk, type DiskSpeed } from './disk/disk';
export { DEFAULT_FAULTS, type NetworkFaults } from './net/wire';
export { Prng } from './prng';
export type { TraceLevel } from './trace';
