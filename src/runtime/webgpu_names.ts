/**
 * The types of WebGPU that this package's declarations mention. TypeScript's DOM library has them since
 * version 6, and `@webgpu/types` has them too; users with either see those, users with neither an opaque
 * object. Depending on one of the two would break the others: they cannot be loaded together.
 */
declare global {
  interface GPU {}
  interface GPUAdapter {}
  interface GPUAdapterInfo {}
  interface GPUBindGroup {}
  interface GPUBindGroupLayout {}
  interface GPUBuffer {}
  interface GPUCommandEncoder {}
  interface GPUComputePassEncoder {}
  interface GPUComputePipeline {}
  interface GPUDevice {}
  interface GPUPipelineLayout {}
}

export {}
