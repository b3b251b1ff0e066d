/**
 * What an operating system says when it refuses a file, as sentences: the one place where codes like ENOSPC
 * become words. Code that works with files lets such errors fly; where a message is made, `fileError` is
 * asked.
 */
import { DataError, errorMessage } from './errors.ts'

/** Code of the operating system to what is wrong and what to do about it. */
const FAULTS: Readonly<Record<string, readonly [what: string, remedy: string]>> = {
  EACCES: ['permission is denied', 'Allow it, or choose another place.'],
  EBUSY: ['it is in use', 'Wait until the other program is done with it, then try again.'],
  EDQUOT: ['the quota of the disk is used up', 'Make room, then try again; what was written before is kept.'],
  EEXIST: ['something else of that name is there', 'Remove or rename what is there.'],
  EFBIG: ['the file would be larger than is allowed', 'Raise the limit, or choose another place.'],
  EIO: ['the disk failed', 'Check the disk, or choose another place.'],
  EISDIR: ['a folder is there where a file belongs', 'Remove or rename that folder, or name a file.'],
  ELOOP: ['its symbolic links lead in a circle', 'Remove the link, or name another place.'],
  EMFILE: ['too many files are open in this process', 'Raise the limit of open files (`ulimit -n`).'],
  ENAMETOOLONG: ['its name is too long', 'Use a shorter name.'],
  ENFILE: ['too many files are open on this machine', 'End other programs, or raise the limit.'],
  ENODEV: ['the device behind it is gone', 'Choose another place.'],
  ENOENT: ['there is no such file or folder', 'Check the path, and where symbolic links on it lead.'],
  ENOSPC: ['the disk is full', 'Make room, then try again; what was written before is kept.'],
  ENOTDIR: ['a file is there where a folder belongs', 'Remove or rename that file, or name a folder.'],
  ENOTEMPTY: ['the folder is not empty', 'Empty or rename the folder.'],
  ENXIO: ['nothing is at the other end of it', 'Name a plain file.'],
  EPERM: ['that is not permitted', 'Allow it, or choose another place.'],
  EROFS: [
    'the file system can only be read',
    'Choose another place, such as --output-dir or --out-dir names.',
  ],
  ESTALE: ['the network folder was replaced', 'Mount it again, then try again.'],
  ETXTBSY: ['the program is running', 'End it, then try again.'],
  EXDEV: ['its parts are on different disks', 'Choose another place.'],
}

/** System call to what was tried. */
const ATTEMPTS: Readonly<Record<string, string>> = {
  access: 'use',
  fstat: 'use',
  fsync: 'write',
  lstat: 'use',
  mkdir: 'make the folder',
  open: 'open',
  opendir: 'list the folder',
  read: 'read',
  readlink: 'follow',
  realpath: 'follow',
  rename: 'write',
  rm: 'remove',
  rmdir: 'remove',
  scandir: 'list the folder',
  spawn: 'start',
  stat: 'use',
  unlink: 'remove',
  utime: 'change',
  write: 'write',
}

/**
 * An error of the file system as a sentence with path and way out; undefined for all other errors. `place`
 * is for errors that do not know their path.
 */
export function fileError(error: unknown, place = 'a file'): DataError | undefined {
  if (!isFileError(error)) return undefined
  const { code, syscall = '', path } = error
  if (syscall === 'uv_cwd')
    return new DataError('the working directory does not exist any more', {
      remedy: 'Change into another one.',
    })
  const fault = code === 'EEXIST' && syscall === 'mkdir' ? 'ENOTDIR' : code
  const known = FAULTS[fault]
  const [what, remedy] = known ?? [`the operating system says ${code}`, 'Check the path.']
  const verb = ATTEMPTS[syscall.split(' ')[0] ?? ''] ?? 'use'
  return new DataError(`cannot ${verb} ${path ?? place}: ${what}`, {
    remedy,
    // Where nobody catches the sentence, the cause is shown with all its frames, and says nothing more.
    ...(known ? {} : { cause: error }),
  })
}

/** Why the file at `path` could not be read or understood, in one sentence that names it once. */
export function whyUnreadable(path: string, error: unknown): string {
  const told = error instanceof DataError ? error : fileError(error, path)
  return told?.what ?? `cannot read ${path}: ${errorMessage(error)}`
}

/** Does something with the file or folder at `path`; errors of the file system name it. */
export function atPath<T>(path: string, work: () => T): T {
  try {
    return work()
  } catch (error) {
    if (isFileError(error)) error.path = path
    throw error
  }
}

type FileError = Error & {
  readonly code: string
  readonly syscall?: string
  path?: string
}

function isFileError(error: unknown): error is FileError {
  if (!(error instanceof Error)) return false
  const { code, syscall } = error as NodeJS.ErrnoException
  return typeof code === 'string' && typeof syscall === 'string' && /^E[A-Z0-9]+$/.test(code)
}
