/**
 * Names made from the author's texts. The only place in codegen with regular expressions: nothing asks
 * generated text what it means (a gate checks it).
 */

/** A name that WGSL accepts, made from any text. */
export function identifier(text: string): string {
  const plain = text.replace(/[^A-Za-z0-9]+/g, '_').replace(/^_+|_+$/g, '')
  return /^[A-Za-z]/.test(plain) ? plain : `v${plain}`
}

/** The same without underscores: such a name gets a number, which no word of WGSL has. */
export function plainWord(text: string): string {
  return identifier(text).replace(/_/g, '')
}

/** The last part of a path or URL. */
export function fileName(path: string): string {
  return path.replace(/^.*[/\\]/s, '')
}
