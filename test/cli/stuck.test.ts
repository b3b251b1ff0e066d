/** Configs that take the device away, never come back or end the process wherever they run. */
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { KnownRecords } from '../../src/aot/run/known_records.ts'
import { Project } from './project.ts'

it.concurrent('when a config destroys the device, every shape is tuned and no other is blamed', async () => {
  const project = new Project('destroyed')
  project.edit('kernel.js', (text) =>
    text
      .replace('{ aotKernel, hl }', '{ aotKernel, getDevice, hl }')
      .replace('export', 'const device = await getDevice()\nexport')
      .replace(
        'source:',
        `autotuneSeedConfigs: [{ block_sizes: [32] }],
        configFilter(config) { if (config.data.block_sizes?.[0] === 32) device.gpu.destroy(); return config },
        source:`,
      ),
  )
  const { exitCode, stderr } = await project.start()
  expect([exitCode, stderr]).toEqual([0, expect.stringContaining('the GPU device was lost')])
  expect(new KnownRecords(project.records).tuned('plus_one')).toHaveLength(3)
  expect(project.records).toContainEqual({ event: 'ended', how: 'device lost', cause: 'crash' })
  const failed = project.records.flatMap((record) =>
    record.event === 'trial' && record.status === 'error' ? [record.config.block_sizes] : [],
  )
  for (const blockSizes of failed) expect(blockSizes).toEqual([32])
})

it.concurrent('a program that blocks while it tries a config is ended, the config a suspect', async () => {
  const project = new Project('blocked')
  const mark = join(project.folder, 'blocked_once')
  project.edit('kernel.js', (text) =>
    `import { existsSync, readFileSync, writeFileSync } from 'node:fs'\n${text}`.replace(
      'source:',
      `autotuneCompileTimeout: 20, autotuneBenchmarkTimeout: 75,
      configFilter(config) {
        if (existsSync('${mark}')) return config
        writeFileSync('${mark}', '')
        // A hundredth of the silence that was promised is waited for.
        const life = process.env.HELION_AOT_LIFE_FILE
        writeFileSync(life, String(parseFloat(readFileSync(life, 'utf8')) / 100))
        for (;;);
      },
      source:`,
    ),
  )
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(existsSync(mark)).toBe(true)
  const how = 'no sign of life for 2 s'
  expect([exitCode, stderr]).toEqual([
    0,
    expect.stringContaining(`a config may have ended the program (${how}); the phase collect goes on`),
  ])
  expect(project.records).toContainEqual({ event: 'ended', how, cause: 'crash' })
  expect(new KnownRecords(project.records).tuned('plus_one')).toHaveLength(3)
  for (const file of readdirSync(join(project.files.folder, 'logs'))) expect(file).toMatch(/\.log$/)
})

it.concurrent('a shape on which each config ends the process does not end the next start', async () => {
  const project = new Project('lethal')
  project.edit('kernel.js', (text) =>
    text.replace(
      'source:',
      'configFilter(config) { if (globalThis.size === 64) process.abort(); return config }, source:',
    ),
  )
  project.edit('bench.js', (text) => text.replace('const values', 'globalThis.size = size\n  const values'))
  const { exitCode, stdout, stderr } = await project.start('--phase', 'collect')
  expect([exitCode, stdout, stderr]).toEqual([
    5,
    expect.stringContaining('300 right\n2000 right\n'),
    expect.stringContaining('plus_one f32[64]: configs ended the process on it and none worked'),
  ])
})
