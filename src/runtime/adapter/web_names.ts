/**
 * The types of the web platform that this package's declarations mention. TypeScript's DOM library has them,
 * those of WebGPU since version 6, and so have `@types/node` and `@webgpu/types`; users with one of these see
 * its types, users with none an opaque object. Depending on one of them would break the others: they cannot
 * be loaded together.
 */
declare global {
  interface AbortSignal {}
  interface Blob {}
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
  interface URL {}
}

export {}
