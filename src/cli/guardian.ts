/**
 * Ends the user's command when this process is killed in a way that leaves it no time to do so itself: a
 * small shell in a process group of its own reads from a pipe that only this process writes to. The pipe
 * closes with the process, whatever ended it.
 */
import { spawn } from 'node:child_process'

/** A program that is told to end gets so many seconds before it is killed. */
const GRACE_SECONDS = 1

/** Watches over the process group of `pid` until the returned function is called. Nothing on Windows. */
export function guard(pid: number): () => void {
  if (process.platform === 'win32') return () => {}
  const script = `read -r _; kill -TERM -${pid}; sleep ${GRACE_SECONDS}; kill -KILL -${pid}`
  const shell = spawn('/bin/sh', ['-c', script], { stdio: ['pipe', 'ignore', 'ignore'], detached: true })
  // Without a shell the program still looks after its runner by itself.
  shell.on('error', () => {})
  shell.unref()
  return () => void shell.kill('SIGKILL')
}
