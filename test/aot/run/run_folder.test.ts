/** Names of runs and of their files. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { hardwareIdsIn, newRunId, runFiles } from '../../../src/aot/run/run_folder.ts'
import { temporaryFolder } from '../../temporary_folder.ts'

it('a run id is the time and chance', () => {
  const at = new Date(2026, 10, 5, 7, 8, 9)
  expect(newRunId(at)).toMatch(/^20261105_070809_[0-9a-f]{6}$/)
  expect(newRunId(at)).not.toBe(newRunId(at))
})

it('files are named by what they are and the hardware', () => {
  const files = runFiles('/runs/x', 'webgpu_nvidia-h200_580.159.04')
  expect({ ...files, log: files.log('collect') }).toEqual({
    folder: '/runs/x',
    hardwareId: 'webgpu_nvidia-h200_580.159.04',
    records: '/runs/x/records_webgpu_nvidia-h200_580.159.04.jsonl',
    tunedConfigs: '/runs/x/tuned_configs_webgpu_nvidia-h200_580.159.04.json',
    measurements: '/runs/x/measurements_webgpu_nvidia-h200_580.159.04.csv',
    summary: '/runs/x/heuristic_summary_webgpu_nvidia-h200_580.159.04.json',
    evaluation: '/runs/x/evaluation_webgpu_nvidia-h200_580.159.04.json',
    metadata: '/runs/x/run_metadata.json',
    log: '/runs/x/logs/collect_webgpu_nvidia-h200_580.159.04.log',
    trace: '/runs/x/logs/choices_webgpu_nvidia-h200_580.159.04.jsonl',
  })
})

it('hardware of a run is found by its records', () => {
  const folder = temporaryFolder()
  expect(hardwareIdsIn(join(folder, 'none'))).toEqual([])
  for (const id of ['webgpu_b_1', 'webgpu_a_2']) writeFileSync(runFiles(folder, id).records, '')
  writeFileSync(runFiles(folder, 'webgpu_c_3').measurements, '')
  expect(hardwareIdsIn(folder)).toEqual(['webgpu_a_2', 'webgpu_b_1'])
})
