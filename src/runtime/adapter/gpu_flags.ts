/**
 * WebGPU's bit flags by name. Browsers have them as globals, Node has not: they are fixed by the standard, so
 * they stand here as numbers and nothing needs to be put on `globalThis`.
 */
export const BUFFER_USAGE = {
  mapRead: 0x01,
  copySource: 0x04,
  copyTarget: 0x08,
  uniform: 0x40,
  storage: 0x80,
  queryResolve: 0x200,
} as const

export const MAP_READ = 0x01
export const COMPUTE_STAGE = 0x04
