/**
 * The public names of the package. Everything reachable from here loads in browsers too. Both halves are
 * entries of the build, so that they share no file but what both need: a bundler leaves the tuner out of a
 * program that names nothing of it.
 */
/// <reference lib="esnext.disposable" preserve="true" />
import './runtime/adapter/web_names.ts'

export * from './kernels.ts'
export * from './tuning.ts'
