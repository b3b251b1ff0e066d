/** The argument by which the command line asks itself, as a process of its own, for the id of the device. */
export const NAME_DEVICE = '--name-device-for-helion-aot'
