/** Shared libraries that are no addons, in runtimes that each say so in their own words. */
import { afterEach, expect, it, vi } from 'vitest'
import { loadLibrary } from '../../src/runtime/adapter/dawn.ts'

afterEach(() => vi.restoreAllMocks())

function loadingSays(message: string): void {
  vi.spyOn(process, 'dlopen').mockImplementation(() => {
    throw new Error(message)
  })
}

it.each([
  'Module did not self-register: libvulkan.so.1',
  'Unable to find register Node-API module at libvulkan.so.1',
  "symbol 'napi_register_module_v1' not found in native module. Is this a Node API (napi) module?",
])('takes it for loaded: %s', (message) => {
  loadingSays(message)
  expect(() => loadLibrary('libvulkan.so.1')).not.toThrow()
})

it('passes on that there is none', () => {
  loadingSays('libvulkan.so.1: cannot open shared object file: No such file or directory')
  expect(() => loadLibrary('libvulkan.so.1')).toThrow('cannot open shared object file')
})
