/** Limits of devices that differ as much as devices do, by name. */
import type { DeviceLimits } from '../../src/codegen/program.ts'

export const DEVICES: Readonly<Record<string, Partial<DeviceLimits>>> = {
  H200: {
    maxWorkgroupInvocations: 1024,
    maxWorkgroupBytes: 49_152,
    computeUnits: 132,
    registerBudget: 168,
  },
  SwiftShader: { subgroupSize: 4, software: true, computeUnits: 2, registerBudget: 256 },
  lavapipe: { maxWorkgroupInvocations: 1024, subgroupSize: 8, software: true, computeUnits: 2 },
  'least WebGPU': {
    maxWorkgroupBytes: 16_384,
    subgroupSize: 0,
    shaderF16: false,
    maxImmediateBytes: 0,
    registerBudget: 64,
  },
  phone: { maxWorkgroupBytes: 16_384, maxWorkgroupInvocations: 128, subgroupSize: 0, registerBudget: 64 },
}
