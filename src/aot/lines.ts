/** Lines of a file, read in pieces: a sweep's measurements may be larger than a string should be. Node only. */
import { closeSync, openSync, readSync } from 'node:fs'
import { StringDecoder } from 'node:string_decoder'

const PIECE = 1 << 22

/** The lines of the file at `path`, without their ends; a byte order mark is dropped. Bad UTF-8 becomes U+FFFD. */
export function* fileLines(path: string): Generator<string> {
  const file = openSync(path, 'r')
  try {
    yield* splitLines(readPieces(file))
  } finally {
    closeSync(file)
  }
}

/** The lines of a text, like `fileLines`. */
export function textLines(text: string): Generator<string> {
  return splitLines([text])
}

function* readPieces(file: number): Generator<string> {
  const decoder = new StringDecoder('utf8')
  const buffer = Buffer.alloc(PIECE)
  for (let bytes = readSync(file, buffer); bytes > 0; bytes = readSync(file, buffer))
    yield decoder.write(buffer.subarray(0, bytes))
  yield decoder.end()
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
    rest = text.slice(start)
  }
  if (rest !== '') yield rest
}
