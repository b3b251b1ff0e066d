/** Devices: what they offer, the default one, loss, and facts for file names. */
import { afterEach, describe, expect, it } from 'vitest'
import { hardwareFacts, hardwareIdOf } from '../../src/runtime/adapter/device_facts.ts'
import { defaultStream, getDevice, resetDevice, sync } from '../../src/runtime/default_device.ts'
import { hardwareId, openDevice } from '../../src/runtime/device.ts'
import { Stream } from '../../src/runtime/stream.ts'
import { tensor } from '../../src/runtime/tensor/tensor_factories.ts'
import { AdapterError, UsageError } from '../../src/support/errors.ts'
import { mapLaunch, rejection } from './gpu.ts'

const LOST = /is lost: it was closed by destroy\(\)/
const REMEDY = /\n {2}Start the process again\.$/

describe('the default device', () => {
  afterEach(() => resetDevice())

  it('is opened once and serves the default stream', async () => {
    const [a, b] = await Promise.all([getDevice(), getDevice()])
    expect(a).toBe(b)
    const x = tensor([1, 2])
    expect([...(await x.data())]).toEqual([1, 2])
    expect(x.stream).toBe(defaultStream())
    expect(defaultStream().device).toBe(a)
  })

  it('offers all limits of the adapter', async () => {
    const { limits, info, adapterInfo, gpu } = await getDevice()
    expect(info.software).toBe(adapterInfo.isFallbackAdapter)
    expect(limits.maxBindingBytes).toBe(
      Math.min(gpu.limits.maxStorageBufferBindingSize, gpu.limits.maxBufferSize),
    )
    expect(limits.maxBindingBytes).toBeGreaterThanOrEqual(2 ** 27)
    expect(limits.maxWorkgroupBytes).toBeGreaterThan(16384)
    expect(limits.maxImmediateBytes).toBe(64)
    expect(limits.subgroupSize).toBeGreaterThanOrEqual(4)
    expect(limits.computeUnits).toBeGreaterThanOrEqual(1)
    expect(Object.isFrozen(limits)).toBe(true)
  })

  it('stays lost until it is reset', async () => {
    const x = tensor([1])
    await x.data()
    ;(await getDevice()).destroy()
    expect((await rejection(getDevice())).message).toMatch(LOST)
    expect((await rejection(x.data())).message).toMatch(LOST)
    await resetDevice()
    expect([...(await tensor([2]).data())]).toEqual([2])
    expect((await rejection(x.data())).message).toMatch(LOST)
    await sync()
  })

  it('is closed by a reset', async () => {
    const x = tensor([1])
    await x.data()
    await resetDevice()
    expect((await rejection(x.data())).message).toMatch(LOST)
  })
})

describe('finished', () => {
  it('waits for the GPU', async () => {
    const device = await openDevice()
    const stream = new Stream(device)
    const [x, y] = [tensor(new Float32Array(65536), { stream }), tensor(new Float32Array(65536), { stream })]
    const launch = await mapLaunch(device, 'exp(exp(exp(v)))', x, y)
    for (let i = 0; i < 50; i++) stream.launch(launch)
    stream.flush()
    let done = false
    device.gpu.queue.onSubmittedWorkDone().then(() => {
      done = true
    })
    await device.finished()
    expect(done).toBe(true)
    device.destroy()
  })
})

describe('a lost device', () => {
  it('fails reads that are under way, and every later use, with the reason and a remedy', async () => {
    const device = await openDevice()
    const stream = new Stream(device)
    const [x, y] = [tensor([1], { stream }), tensor([0], { stream })]
    const launch = await mapLaunch(device, 'v', x, y)
    const pending = rejection(x.data())
    device.destroy()
    const error = await pending
    expect(error).toBeInstanceOf(AdapterError)
    expect(error.message).toMatch(LOST)
    expect(error.message).toMatch(REMEDY)
    stream.launch(launch)
    stream.launch(launch)
    expect((await rejection(stream.sync())).message).toMatch(LOST)
    expect((await rejection(y.data())).message).toMatch(LOST)
    expect((await rejection(device.finished())).message).toMatch(LOST)
    expect((await rejection(mapLaunch(device, 'v + 1.0', x, y))).message).toMatch(LOST)
    expect(() => device.assertUsable()).toThrow(AdapterError)
    x.dispose()
    expect(stream.errors.take()).toBeUndefined()
  })

  it('may be declared lost after a job that does not end', async () => {
    const device = await openDevice()
    device.abandon('a job ran for more than 5 s')
    expect((await rejection(device.finished())).message).toContain('is lost: a job ran for more than 5 s')
    expect(device.failure?.exitCode).toBe(4)
  })
})

describe('errors that belong to no call', () => {
  it('are kept for the next reader, without those that only follow from others', async () => {
    const device = await openDevice()
    const invalid = device.gpu.createBuffer({ label: 'wrong', size: 16, usage: 0x3 })
    const encoder = device.gpu.createCommandEncoder()
    encoder.clearBuffer(invalid)
    encoder.finish()
    await device.finished()
    const { message } = await rejection(new Stream(device).sync())
    expect(message).toContain('wrong')
    expect(message).not.toContain('Later calls failed too')
    device.destroy()
  })
})

describe('devices of their own', () => {
  it('go without features that they are told to leave', async () => {
    const device = await openDevice({
      without: ['immediates', 'timestamp-query', 'subgroups', 'chromium-experimental-subgroup-matrix'],
    })
    expect(device.limits.maxImmediateBytes).toBe(0)
    expect(device.limits.subgroupSize).toBe(0)
    expect(device.features.has('timestamp-query')).toBe(false)
    device.destroy()
  })

  it('refuse tensors of another', async () => {
    const [a, b] = [await openDevice(), await openDevice()]
    const [streamA, streamB] = [new Stream(a), new Stream(b)]
    const [x, y] = [tensor([1], { stream: streamA }), tensor([0], { stream: streamB })]
    await Promise.all([x.data(), y.data()])
    streamB.launch(await mapLaunch(b, 'v', x, y))
    const error = await rejection(y.data())
    expect(error).toBeInstanceOf(UsageError)
    expect(error.message).toContain('lives on another GPU device')
    a.destroy()
    b.destroy()
  })

  it('say which adapter they could not get', async () => {
    const error = await rejection(openDevice({ adapter: 'no such thing' }))
    expect(error).toBeInstanceOf(AdapterError)
    expect(error.message).toContain("No WebGPU adapter matches 'no such thing'")
  })
})

describe('hardware facts', () => {
  const hidden = { vendor: '', architecture: '', device: '', description: '', software: false }
  const h200 = {
    ...hidden,
    vendor: 'nvidia',
    device: 'nvidia-h200',
    description: 'NVIDIA: 580.159.04 580.159.4.0',
  }

  it('name device and driver', async () => {
    expect(hardwareIdOf(h200)).toBe('webgpu_nvidia-h200_580.159.04')
    const lavapipe = {
      ...hidden,
      device: 'llvmpipe-llvm-15-0-6-256-bits-',
      description: 'llvmpipe: Mesa 25.0.7-2~bpo12+1 (LLVM 15.0.6) 0.0.1',
    }
    expect(hardwareIdOf(lavapipe)).toBe('webgpu_llvmpipe-llvm-15-0-6-256-bits_25.0.7')
    expect(hardwareIdOf({ ...lavapipe, description: '(LLVM 15.0.6)' })).toBe(
      `webgpu_llvmpipe-llvm-15-0-6-256-bits_${process.versions.node}`,
    )
    const masked = { ...hidden, vendor: 'Google', architecture: 'swift shader' }
    expect(hardwareIdOf(masked)).toBe(`webgpu_google-swift-shader_${process.versions.node}`)
    expect(hardwareIdOf(hidden)).toBe(`webgpu_unknown_${process.versions.node}`)
    const device = await openDevice()
    expect(hardwareId(device)).toMatch(/^webgpu_[a-z0-9.-]+_\d[a-z0-9.-]+$/)
    device.destroy()
  })

  it.each([
    ['nvidia-h200', 132, 50],
    ['nvidia-h100-pcie', 114, 50],
    ['nvidia-h100-80gb-hbm3', 132, 50],
    ['nvidia-geforce-rtx-4090', 128, 72],
    ['amd-instinct-mi300x', 304, 256],
    ['apple-m3-max', 38, 48],
    ['apple-m3', 10, 8],
    ['something-new', 64, 64],
  ])('of %s: %i compute units, %i MiB of cache', (device, units, mib) => {
    const facts = hardwareFacts({ ...h200, device, description: '' })
    expect(facts).toEqual({ computeUnits: units, cacheBytes: mib * 2 ** 20, registerBudget: 200 })
  })

  it('guess registers by vendor', () => {
    expect(hardwareFacts({ ...hidden, vendor: 'intel' }).registerBudget).toBe(96)
    expect(hardwareFacts(hidden).registerBudget).toBe(128)
  })
})
