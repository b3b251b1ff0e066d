/**
 * Node without naming it: built-in modules and Node-only packages, loaded so that no bundler follows them.
 * The serving path must import cleanly in browsers; this file is the only door to Node on it.
 */
import type * as NodeChildProcess from 'node:child_process'
import type * as NodeCrypto from 'node:crypto'
import type * as NodeFs from 'node:fs'
import type * as NodeHttp from 'node:http'
import type * as NodeHttps from 'node:https'
import type * as NodeModule from 'node:module'
import type * as NodeOs from 'node:os'
import type * as NodePath from 'node:path'
import type * as NodeTls from 'node:tls'
import type * as NodeUrl from 'node:url'
import type * as NodeV8 from 'node:v8'
import type * as NodeWorkerThreads from 'node:worker_threads'
import type * as NodeZlib from 'node:zlib'
import { UsageError } from './errors.ts'

const NEEDS_FILES = 'Do it in a program that Node runs, and leave the option for it out of the page.'

interface Builtins {
  child_process: typeof NodeChildProcess
  crypto: typeof NodeCrypto
  fs: typeof NodeFs
  http: typeof NodeHttp
  https: typeof NodeHttps
  os: typeof NodeOs
  path: typeof NodePath
  tls: typeof NodeTls
  url: typeof NodeUrl
  module: typeof NodeModule
  v8: typeof NodeV8
  worker_threads: typeof NodeWorkerThreads
  zlib: typeof NodeZlib
}

type ProcessLike = NodeJS.Process & { getBuiltinModule?: (id: string) => unknown }

/** The process, or `undefined` in a browser. */
export const nodeProcess: ProcessLike | undefined =
  typeof process === 'object' && process?.versions?.node ? (process as ProcessLike) : undefined

/** A built-in module, or `undefined` outside Node. */
export function nodeBuiltin<Name extends keyof Builtins>(name: Name): Builtins[Name] | undefined {
  return nodeProcess?.getBuiltinModule?.(`node:${name}`) as Builtins[Name] | undefined
}

/** A built-in module; throws where there is none. `what` names the feature that needs it. */
export function requireNode<Name extends keyof Builtins>(name: Name, what: string): Builtins[Name] {
  const module = nodeBuiltin(name)
  if (!module) throw new UsageError(`${what} needs Node, and this is a browser`, { remedy: NEEDS_FILES })
  return module
}

/** Imports a package that only Node can use. */
export function importNodePackage<T>(specifier: string): Promise<T> {
  return import(/* @vite-ignore */ /* webpackIgnore: true */ specifier) as Promise<T>
}

/** An environment variable; empty text counts as unset. */
export function environment(name: string): string | undefined {
  return nodeProcess?.env[name] || undefined
}
