/**
 * The script of the Web Worker as text. It is put here when the package is built (scripts/build.js), since a
 * page cannot read a file that lies beside this one.
 */
declare const HELION_TRIAL_SCRIPT: string

/** Undefined where the sources run as they are. */
export const WEB_SCRIPT: string | undefined =
  typeof HELION_TRIAL_SCRIPT === 'string' ? HELION_TRIAL_SCRIPT : undefined
