/** The folder of a run is removed while the program of a phase works. */
import { expect, it } from 'vitest'
import { Project } from './project.ts'

it('is said, and nothing else is blamed', async () => {
  const project = new Project('removed')
  project.edit(
    'bench.js',
    (text) => `import { rmSync } from 'node:fs'
${text}if (process.env.HELION_AOT_MODE === 'collect') rmSync('.helion_aot/removed', { recursive: true })
`,
  )
  const { exitCode, stderr } = await project.start('--phase', 'collect')
  expect(exitCode).toBe(1)
  expect(stderr).toMatch(/the phase collect failed: the folder of the run was removed under it: .*removed\n/)
  expect(stderr).not.toMatch(/called no kernel|is kept|^ +at /m)
})
