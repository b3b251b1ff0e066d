/**
 * A Web Worker that tries programs. Its script comes as text and is loaded from a Blob: bundlers differ in
 * what they make of `new URL('./worker.js', import.meta.url)` (esbuild leaves it as it is, so that no file is
 * there), a script of another origin is refused, and a classic script has no import.meta at all. Pages with a
 * Content-Security-Policy have to allow `worker-src blob:`.
 */
import { type Connect, TRIER } from './connection.ts'

const REFUSED = 'its script was not loaded; a Content-Security-Policy has to allow worker-src blob:'

export function connectWorker(script: string): Connect {
  return (listener) => {
    if (typeof Worker === 'undefined') throw new Error('there are no Web Workers here')
    const address = URL.createObjectURL(new Blob([script], { type: 'text/javascript' }))
    const worker = new Worker(address, { name: 'helion-aot trials' })
    const ended = (how: string) =>
      listener.ended({ kind: 'exit', what: `${TRIER} ended (${how})`, fromOutside: false })
    worker.onmessage = ({ data }) => {
      URL.revokeObjectURL(address)
      listener.heard()
      listener.received(data)
    }
    worker.onmessageerror = () => listener.received(undefined)
    worker.onerror = (event) => {
      event.preventDefault()
      ended(event.message || REFUSED)
    }
    return {
      gone: Promise.resolve(),
      send: (request) => worker.postMessage(request),
      kill() {
        URL.revokeObjectURL(address)
        worker.terminate()
      },
    }
  }
}
