/**
 * Names of generated modules and of what they export. Any kernel name gives valid names; different kernels
 * give different files, also on disks that do not tell capitals from small letters.
 */
import { sha16 } from '../support/stable.ts'

const PLAIN = /^[A-Za-z0-9_]{1,80}$/

/** `_helion_aot_<kernel>_<device>.ts`; capitals in the kernel's name are written as in `layer-norm`. */
export function moduleFileName(kernel: string, device: string): string {
  return `_helion_aot_${inLowerCase(safeName(kernel))}_${safeName(device)}.ts`
}

/** Whether a file name without its extension is that of a module for a device, whichever its kernel. */
export function isModuleFor(device: string, name: string): boolean {
  return name.startsWith('_helion_aot_') && name.endsWith(`_${safeName(device)}`)
}

/** Names of the functions of a module: `key_<kernel>` and `autotune_<kernel>`. */
export function moduleExports(kernel: string): { readonly key: string; readonly autotune: string } {
  const name = safeName(kernel)
  return { key: `key_${name}`, autotune: `autotune_${name}` }
}

/** No two names become one: a dash is in no name. */
function inLowerCase(name: string): string {
  return name.replace(/[A-Z]/g, (capital) => `-${capital.toLowerCase()}`)
}

/** A name as it is where it is plain; otherwise its plain characters and a hash of the whole. */
function safeName(name: string): string {
  if (PLAIN.test(name)) return name
  const plain = name
    .replace(/[^A-Za-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '')
    .slice(0, 40)
  return `${plain || 'kernel'}_${sha16(name).slice(0, 6)}`
}
