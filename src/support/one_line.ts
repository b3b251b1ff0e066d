/** Texts from outside, such as paths, on the way into a line of something else, as a comment is. */

/** The same without anything that some language takes for the end of a line. */
export function oneLine(text: string): string {
  return text.replace(/[\p{Cc}\p{Zl}\p{Zp}]+/gu, ' ')
}
