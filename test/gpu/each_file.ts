/** Runs before each file of the projects whose files share a process. */
import { restartInputs } from './inputs.ts'

restartInputs()
