/** Whether a place belongs to the project at hand: what records name beyond it is somebody else's. */
import { existsSync, realpathSync } from 'node:fs'
import { dirname, join, resolve, sep } from 'node:path'

/** What stands at the top of a project. */
const MARKS = ['package.json', 'deno.json', '.git']

/** Whether `path` is in the project of one of these folders, links followed. */
export function isInProjectOf(path: string, folders: readonly string[]): boolean {
  const real = realPath(path)
  return folders.some((folder) => {
    const project = projectOf(realPath(folder))
    return real === project || real.startsWith(project.endsWith(sep) ? project : project + sep)
  })
}

/** The outermost folder around `folder` that is one of a project, as in monorepos; `folder` where none is. */
function projectOf(folder: string): string {
  let project = folder
  for (let at = folder; ; at = dirname(at)) {
    if (MARKS.some((mark) => existsSync(join(at, mark)))) project = at
    if (at === dirname(at)) return project
  }
}

/** Without links, as far as the path exists. */
function realPath(path: string): string {
  const at = resolve(path)
  if (existsSync(at)) return realpathSync(at)
  return at === dirname(at) ? at : join(realPath(dirname(at)), at.slice(dirname(at).length))
}
