/** Entry of the process that tries programs: requests on stdin, replies on the pipe after stderr. */
import { serve } from './serve.ts'

serve()
