/** Entry of the Web Worker that tries programs. */
import { serveWeb } from './serve_web.ts'

serveWeb()
