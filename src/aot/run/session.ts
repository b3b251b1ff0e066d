/**
 * One process at work on a run: the records that it reads and appends to, under a lock, and what it tells
 * about its progress. Opened at the first call of a kernel in a collect or measure phase; ends with the
 * process.
 */
import { deviceFamily } from '../../heuristics/device_family.ts'
import { sourceFiles } from '../../heuristics/source_file.ts'
import type { ChoiceRequest } from '../../kernel/config_source.ts'
import type { KernelDefinition } from '../../kernel/definition.ts'
import { webgpuVersion } from '../../runtime/adapter/webgpu_version.ts'
import { type Device, hardwareId } from '../../runtime/device.ts'
import { DataError, EXIT } from '../../support/errors.ts'
import { makeFolder } from '../../support/files.ts'
import { createLog, LOG_LEVELS, type Log } from '../../support/log.ts'
import { environment, nodeProcess, requireNode } from '../../support/node.ts'
import { packageVersion } from '../../support/package_version.ts'
import { leftOut } from '../line_checks.ts'
import { fileLines } from '../lines.ts'
import {
  type AotRecord,
  type KernelRecord,
  type RunRecord,
  readRecords,
  type ShapeRecord,
} from '../records.ts'
import type { ShapeOfCall } from '../shape.ts'
import { shapeRecord } from '../shape_record.ts'
import { DEVICE_LOST, type EndedRecord } from '../trial_records.ts'
import { KnownRecords, sameRecord } from './known_records.ts'
import { acquireLock, isAlive } from './lock.ts'
import { PhaseProgress } from './phase_progress.ts'
import { RecordWriter } from './record_writer.ts'
import { hardwareIdsIn, type RunFiles, runFiles, type WorkPhase } from './run_folder.ts'
import { promiseLife } from './sign_of_life.ts'

/** Set by the command line: the process that this one must not outlive. */
export const RUNNER_PID = 'HELION_AOT_RUNNER_PID'

/** A process of the same run that is about to notice that its runner is gone is waited for. */
const LOCK_WAIT_MS = 20_000
const RUNNER_CHECK_MS = 500
/** What a process may take to end after its last line, once its device is lost. */
const LAST_SECONDS = 5

export class Session {
  readonly phase: WorkPhase
  readonly files: RunFiles
  readonly known: KnownRecords
  readonly progress: PhaseProgress = new PhaseProgress()
  readonly log: Log = createLog(LOG_LEVELS.info)
  readonly #writer: RecordWriter
  readonly #sources = new Map<string, string>()
  #others: ReadonlyMap<string, KnownRecords> | undefined

  private constructor(phase: WorkPhase, files: RunFiles, known: KnownRecords) {
    this.phase = phase
    this.files = files
    this.known = known
    this.#writer = new RecordWriter(files.records)
  }

  /** The session of this process for a phase, a folder and a kind of device. */
  static of(phase: WorkPhase, definition: KernelDefinition, device: Device): Promise<Session> {
    const folder = requireNode('path', 'the folder of a run').resolve(definition.options.settings.aotDataDir)
    const files = runFiles(folder, hardwareId(device))
    const key = `${phase} ${files.records}`
    const session = sessions.get(key) ?? Session.#open(phase, files, device)
    sessions.set(key, session)
    return session
  }

  static async #open(phase: WorkPhase, files: RunFiles, device: Device): Promise<Session> {
    const fs = requireNode('fs', 'the folder of a run')
    makeFolder(files.folder)
    const log = createLog(LOG_LEVELS.info)
    // Also while it waits: one whose runner is gone must not go on with the run when its turn comes.
    watchRunner(phase)
    await acquireLock(files.records, {
      what: `the run ${files.folder}`,
      waitMs: LOCK_WAIT_MS,
      onWait: (owner) => log.info(`helion-aot ${phase}: waiting for ${owner}, which works on the same run`),
    })
    endOnSignals()
    tellOfLoss(device)
    const lines = fs.existsSync(files.records) ? fileLines(files.records) : []
    const { records, problems } = readRecords(lines, files.records)
    for (const line of leftOut(problems)) log.warning(`helion-aot: ${line}`)
    const session = new Session(phase, files, new KnownRecords(records))
    const run = runRecord(files, device)
    if (!sameRecord(session.known.run, run, ['started_at', 'command'])) session.append(run)
    session.#ended('an earlier process ended', 'unknown')
    nodeProcess?.once('exit', (code) => {
      // Said even where nothing was under way: drivers may crash in what is left of such a process.
      if (device.failure) session.append({ event: 'ended', how: DEVICE_LOST, cause: 'crash' })
      else session.#ended(`exit code ${code}`, 'other')
    })
    return session
  }

  /** What is known of the same run on other kinds of devices, by hardware id; as it was at the first look. */
  get others(): ReadonlyMap<string, KnownRecords> {
    this.#others ??= recordsOfOthers(this.files)
    return this.#others
  }

  append(...records: readonly AotRecord[]): void {
    this.#writer.append(...records)
    for (const record of records) this.known.add(record)
  }

  /**
   * Says that a kernel takes part; true the first time. Rejects with DataError when two kernels have one
   * name.
   */
  async register(definition: KernelDefinition): Promise<boolean> {
    const { name, sourceFile = '', sourceHash } = definition
    const key = `${sourceFile} ${sourceHash}`
    const other = this.#sources.get(name)
    if (other === key) return false
    if (other !== undefined) throw twins(definition)
    this.#sources.set(name, key)
    const record = await kernelRecord(definition)
    if (!sameRecord(this.known.kernel(name), record)) this.append(record)
    return true
  }

  /** Says what open configs mean on a shape, unless the records say so already; gives it back. */
  meet(request: ChoiceRequest, shape: ShapeOfCall, made = false): ShapeRecord {
    const record = { ...shapeRecord(request, shape), ...(made ? { made } : {}) }
    const known = this.known.shapes(record.kernel).find(({ shape_hash }) => shape_hash === shape.hash)
    if (!sameRecord(known, record)) this.append(record)
    return record
  }

  /** Says how a process ended, where something was under way. */
  #ended(how: string, cause: EndedRecord['cause']): void {
    if (this.known.attempts.underWay) this.append({ event: 'ended', how, cause })
  }

  /** One line for people. */
  say(text: string): void {
    this.log.info(`helion-aot ${this.phase}: ${text}`)
  }
}

const sessions = new Map<string, Promise<Session>>()
let endsOnSignals = false

async function kernelRecord(definition: KernelDefinition): Promise<KernelRecord> {
  const { name, sourceFile, sourceHash, options } = definition
  const { batched, key, baselineFn } = options.own
  const [source] = await sourceFiles(definition)
  const { resolve } = requireNode('path', 'naming the source of a kernel')
  return {
    event: 'kernel',
    kernel: name,
    source_file: source ?? resolve(sourceFile ?? name),
    source_hash: sourceHash,
    ...(batched ? { batched } : {}),
    ...(key ? { has_key: true } : {}),
    ...(baselineFn ? { baseline: baselineFn.name || 'baselineFn' } : {}),
  }
}

function runRecord(files: RunFiles, device: Device): RunRecord {
  const { basename } = requireNode('path', 'naming a run')
  const { vendor, architecture, device: name, description } = device.info
  return {
    event: 'run',
    run_id: basename(files.folder),
    started_at: new Date().toISOString(),
    hardware_id: files.hardwareId,
    device_family: deviceFamily(device.info, device.limits),
    versions: {
      'helion-aot': packageVersion(),
      webgpu: webgpuVersion().replace(/^webgpu /, ''),
      node: nodeProcess?.versions.node ?? '',
    },
    device: { vendor, architecture, device: name, description },
    compute_units: device.limits.computeUnits,
    command: nodeProcess?.argv.slice(1) ?? [],
  }
}

function twins({ name, location, sourceFile }: KernelDefinition): DataError {
  return new DataError(`two kernels of this program are named ${name}; one of them is in ${sourceFile}`, {
    location,
    remedy: "Give one of them another name with the option name: '…'.",
  })
}

/** A runner that was killed cannot end its child: the child ends itself, so that nobody works in the dark. */
function watchRunner(phase: WorkPhase): void {
  const runner = Number(environment(RUNNER_PID))
  if (!(runner > 0)) return
  const check = setInterval(() => {
    if (isAlive(runner)) return
    createLog(LOG_LEVELS.info).info(`helion-aot ${phase}: the runner is gone, so this ends too`)
    nodeProcess?.exit(143)
  }, RUNNER_CHECK_MS)
  check.unref()
}

/**
 * A program that fails because its device is lost says so by its exit code: the runner goes on with it. The
 * driver may not let it go: a job that never ends is waited for.
 */
function tellOfLoss(device: Device): void {
  const process = nodeProcess
  process?.on('exit', (code) => {
    if (!device.failure) return
    if (code !== EXIT.done) process.exitCode = EXIT.noAdapter
    promiseLife(LAST_SECONDS)
  })
}

/** What is recorded is on the disk already; there is nothing to wait for. */
function endOnSignals(): void {
  if (endsOnSignals) return
  endsOnSignals = true
  for (const [signal, code] of [
    ['SIGINT', 130],
    ['SIGTERM', 143],
  ] as const)
    nodeProcess?.prependOnceListener(signal, () => nodeProcess?.exit(code))
}

/** Lines that cannot be read are the business of the device that wrote them. */
function recordsOfOthers({ folder, hardwareId: own }: RunFiles): ReadonlyMap<string, KnownRecords> {
  const others = hardwareIdsIn(folder).filter((id) => id !== own)
  return new Map(
    others.map((id) => {
      const { records: path } = runFiles(folder, id)
      return [id, new KnownRecords(readRecords(fileLines(path), path).records)]
    }),
  )
}
