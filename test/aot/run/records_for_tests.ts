/** Records as a run writes them. */
import type {
  FailureRecord,
  KernelRecord,
  MeasurementRecord,
  RunRecord,
  ShapeRecord,
  TunedRecord,
} from '../../../src/aot/records.ts'
import type { ConfigData } from '../../../src/config/value.ts'
import { sha16 } from '../../../src/support/stable.ts'

export const RUN: RunRecord = {
  event: 'run',
  run_id: '20261121_093000_abcdef',
  started_at: '2026-11-21T09:30:00.000Z',
  hardware_id: 'webgpu_test_1.0',
  device_family: 'webgpu_test_one',
  versions: { 'helion-aot': '0.1.0' },
  device: { vendor: 'test' },
  command: ['node', 'bench.js'],
}

export function kernelRecord(
  kernel: string,
  source_hash = 'v1',
  source_file = '/somewhere/k.ts',
): KernelRecord {
  return { event: 'kernel', kernel, source_file, source_hash }
}

export function shapeRecord(
  kernel: string,
  size: number,
  default_config: ConfigData,
  more: Partial<ShapeRecord> = {},
): ShapeRecord {
  const shape_features = features(size)
  const shape_hash = shapeHash(kernel, size)
  return { event: 'shape', kernel, shape_hash, shape_features, default_config, ...more }
}

/** Features of an argument with one dimension. */
export function features(size: number): Readonly<Record<string, number | string>> {
  return { arg0_ndim: 1, arg0_dim0: size, arg0_dtype: 'f32', arg0_dtype_size: 4, arg0_dtype_cat: 2 }
}

export function shapeHash(kernel: string, size: number): string {
  return sha16([kernel, features(size)])
}

export function tuned(
  kernel: string,
  size: number,
  config: ConfigData,
  more: Partial<TunedRecord> = {},
): TunedRecord {
  return {
    event: 'tuned',
    kernel,
    shape_hash: shapeHash(kernel, size),
    shape_features: features(size),
    config,
    timing_ms: 1.5,
    configs_tried: 10,
    seconds: 2,
    failures: {},
    ...more,
  }
}

export function measured(
  kernel: string,
  size: number,
  config: ConfigData,
  ms: number | null,
  more: Partial<MeasurementRecord> = {},
): MeasurementRecord {
  const samples = ms === null ? [] : [ms, ms * 1.01, ms * 0.99, ms]
  return {
    event: 'measurement',
    kernel,
    shape_hash: shapeHash(kernel, size),
    config_hash: sha16(config),
    config,
    shape_features: features(size),
    status: ms === null ? 'invalid' : 'ok',
    samples,
    timing_ms: ms,
    ...more,
  }
}

export function failure(kernel: string, size: number, phase: string): FailureRecord {
  return {
    event: 'failure',
    phase,
    kernel,
    shape_hash: shapeHash(kernel, size),
    shape_features: features(size),
    reason: 'no luck',
  }
}
