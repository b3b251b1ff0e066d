/**
 * Lines of a file, read in pieces: a sweep's measurements may be larger than a string should be. Node only.
 */
import { atPath } from '../support/file_errors.ts'
import { refuseEndless } from '../support/files.ts'
import { requireNode } from '../support/node.ts'

const PIECE = 1 << 22
/** Characters of a line that are kept. */
const LONGEST = 1 << 24

/**
 * The lines of the file at `path`, without their ends; a byte order mark is dropped. Bad UTF-8 becomes
 * U+FFFD. Throws DataError as `refuseEndless` does.
 */
export function* fileLines(path: string): Generator<string> {
  const fs = requireNode('fs', `reading ${path}`)
  refuseEndless(path)
  const file = fs.openSync(path, 'r')
  try {
    yield* splitLines(readPieces((buffer) => atPath(path, () => fs.readSync(file, buffer))))
  } finally {
    fs.closeSync(file)
  }
}

/** The lines of a text, like `fileLines`. */
export function textLines(text: string): Generator<string> {
  return splitLines([text])
}

/** `read` fills a buffer and answers with the number of bytes, 0 at the end. */
function* readPieces(read: (buffer: Uint8Array) => number): Generator<string> {
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true })
  const buffer = new Uint8Array(PIECE)
  for (let bytes = read(buffer); bytes > 0; bytes = read(buffer))
    yield decoder.decode(buffer.subarray(0, bytes), { stream: true })
  yield decoder.decode()
}
function* splitLines(pieces: Iterable<string>): Generator<string> {
  let rest = ''
  let first = true
  for (const piece of pieces) {
    let text = rest + piece
    if (first && text !== '') {
      first = false
      text = text.replace(/^\uFEFF/, '')
    }
    let start = 0
    for (let end = text.indexOf('\n'); end >= 0; end = text.indexOf('\n', start)) {
      yield text.slice(start, text[end - 1] === '\r' && end > start ? end - 1 : end)
      start = end + 1
    }
    // What is longer is refused anyway, and must not fill the memory.
    rest = text.slice(start, start + LONGEST)
  }
  if (rest !== '') yield rest
}
