/**
 * Turns what the WGSL compiler says about a shader into one error that shows the place in the shader's text.
 */
import { GpuError } from '../../support/errors.ts'

const LINES_AROUND = 2
const MAX_MESSAGES = 5

/** Asks `module` for its messages. `fallback` is the text to use when it has none. */
export async function describeShaderErrors(
  label: string,
  wgsl: string,
  module: GPUShaderModule,
  fallback: string,
): Promise<GpuError> {
  const { messages } = await module.getCompilationInfo()
  const errors = messages.filter(({ type }) => type === 'error')
  if (errors.length === 0) return new GpuError(`The WGSL of kernel '${label}' was refused: ${fallback}`)
  const shown = errors.slice(0, MAX_MESSAGES).map((message) => describe(wgsl, message))
  const more = errors.length > MAX_MESSAGES ? [`… and ${errors.length - MAX_MESSAGES} more errors`] : []
  return new GpuError(`The WGSL of kernel '${label}' was refused:\n${[...shown, ...more].join('\n')}`)
}

/** `line:column message` and the lines around, the offending one marked. */
function describe(wgsl: string, { lineNum, linePos, message }: GPUCompilationMessage): string {
  const head = `${lineNum}:${linePos} ${message}`
  if (lineNum === 0) return message
  const lines = wgsl.split('\n')
  const first = Math.max(1, lineNum - LINES_AROUND)
  const last = Math.min(lines.length, lineNum + LINES_AROUND)
  const width = String(last).length
  const shown: string[] = []
  for (let line = first; line <= last; line++) {
    const mark = line === lineNum ? '>' : ' '
    shown.push(`${mark} ${String(line).padStart(width)} | ${lines[line - 1] ?? ''}`)
    if (line === lineNum) shown.push(`  ${' '.repeat(width)} | ${' '.repeat(Math.max(0, linePos - 1))}^`)
  }
  return [head, ...shown].join('\n')
}
