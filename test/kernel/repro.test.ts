/** What `printRepro` prints runs by itself, with the config of the call and arguments like its own. */
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { execa } from 'execa'
import { expect, it } from 'vitest'
import { PACKAGE } from '../built_package.ts'
import { temporaryFolder } from '../temporary_folder.ts'

const PROGRAM = `
import { arange, hl, kernel, markStatic, ones, zeros } from 'helion-aot'
const options = { config: { num_warps: 2 }, outputOriginLines: false, printOutputCode: true }
const scale = kernel({ ...options, staticShapes: false }, function zeros_of(x, indices, { factor, twice }) {
  const out = hl.emptyLike(x)
  const times = (value) => (twice ? value.mul(2) : value)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(times(x.at(t).mul(factor)).add(indices.at(t)))
  return out
})
const x = markStatic(ones([300]))
const indices = zeros([300], { dtype: 'i32' })
await scale(x, indices, { factor: 0.5, twice: true }).data()
await scale(x, indices, { factor: 2, twice: true }).data()
class Kernels {
  fill(x, value, label) {
    for (const t of hl.tile(x.shape[0])) x.at(t).set(x.at(t).mul(0).add(value))
  }
}
const fill = kernel({ ...options, config: { num_warps: 1 } }, Kernels.prototype.fill)
fill(ones([40]), 7, "it's")
const arrow = kernel(options, (a, b) => {
  const out = hl.emptyLike(a)
  for (const t of hl.tile(a.shape[0])) out.at(t).set(a.at(t).add(b.at(t)))
  return out
})
const same = ones([64])
await arrow(same, same).data()
`

const ADD = `
import { hl, kernel, ones } from 'helion-aot'
const add = kernel({ config: {} }, function add(x) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(1))
  return out
})
await add(ones([4])).data()
`

function run(text: string, env: Readonly<Record<string, string>> = {}, folder = '') {
  const path = join(temporaryFolder(), folder, 'script.mjs')
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text.replaceAll("'helion-aot'", `'${PACKAGE}'`))
  return execa(process.execPath, [path], { env })
}

it('prints each kind of call once, as a script that makes the same call with the same config', async () => {
  const { stderr } = await run(PROGRAM, { HELION_PRINT_REPRO: '1' })
  const scripts = stderr.split(/^(?=\/\/ [\w$]+\(.*\) on )/m).filter((part) => part.includes(' on '))
  expect(scripts.map((script) => script.split(' on ')[0])).toEqual([
    '// zeros_of(f32[300], i32[300], {…})',
    "// fill(f32[40], 7, it's)",
    expect.stringMatching(/^\/\/ \w+\(f32\[64\], f32\[64\]\)$/),
  ])
  const shaders = (text: string) => text.match(/^@compute[\s\S]*?^}$/gm)
  const wanted = shaders(stderr) ?? []
  expect(wanted).toHaveLength(3)
  const heads = []
  for (const [index, script] of scripts.entries()) {
    const end = script.search(/^\/\/ .*: new Config/m)
    const own = end < 0 ? script : script.slice(0, end)
    const { stdout, stderr: printed } = await run(own, {
      HELION_PRINT_OUTPUT_CODE: '1',
      HELION_OUTPUT_ORIGIN_LINES: '0',
    })
    expect(shaders(printed)).toEqual([wanted[index]])
    heads.push(stdout.split('\n', 1)[0])
  }
  expect(heads[0]).toMatch(/^\[ 300 \] Float\d+Array\(8\)/)
  expect(heads[1]).toMatch(/^\[ 40 \] Float32Array\(8\) \[\s*$/)
  expect(heads[2]).toMatch(/^\[ 64 \] Float32Array\(8\)/)
})

it('names what the kernel takes from around it, and where that is', async () => {
  const { stderr } = await run(
    `
import { hl, kernel, ones } from 'helion-aot'
const FACTOR = 3
const scaled = (value) => value.mul(FACTOR)
const scale = kernel({ config: {}, printRepro: true }, function scale(x) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(scaled(x.at(t)).add(Math.PI).add(FACTOR))
  return out
})
await scale(ones([300])).data()
`,
  )
  const script = stderr.slice(stderr.indexOf('// scale('))
  const lack = /^\/\/ It lacks what the kernel takes from around it\. Add these from .*script\.mjs: (.*)\.$/m
  expect(lack.exec(stderr)?.[1]).toBe('scaled, FACTOR')
  await expect(run(script)).rejects.toThrow('ReferenceError: scaled is not defined')
  const { stdout } = await run(`const FACTOR = 3; const scaled = (value) => value.mul(FACTOR)\n${script}`)
  expect(stdout).toMatch(/^\[ 300 \] Float32Array/)
})

it('stays a script below a folder whose name has several lines', async () => {
  const folder = "a\nconsole.log('executed') //"
  const { stderr } = await run(ADD, { HELION_PRINT_REPRO: '1' }, folder)
  const { stdout } = await run(stderr.slice(stderr.indexOf('// add(')))
  expect(stdout).toMatch(/^\[ 4 \] Float32Array/)
})

it('makes a tensor that the kernel takes from around it, under its name', async () => {
  const { stderr } = await run(`
import { hl, kernel, ones } from 'helion-aot'
const bias = ones([4])
const add = kernel({ config: {}, printRepro: true }, function add(x) {
  const out = hl.emptyLike(x)
  for (const t of hl.tile(x.shape[0])) out.at(t).set(x.at(t).add(bias.at(t)))
  return out
})
await add(ones([4])).data()
`)
  const script = stderr.slice(stderr.indexOf('// add('))
  expect(script).toContain('const bias = randn([4])')
  const { stdout } = await run(script)
  expect(stdout).toMatch(/^\[ 4 \] Float32Array/)
})
