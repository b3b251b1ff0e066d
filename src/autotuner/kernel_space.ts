/** The space that a search for a call of a kernel works in. */
import type { ConfigSpec } from '../config/config_spec.ts'
import { isPersistent } from '../config/modes.ts'
import type { BoundKernel } from '../kernel/bound_kernel.ts'
import type { CallArguments } from '../kernel/call_arguments.ts'
import type { Device } from '../runtime/device.ts'
import { UsageError } from '../support/errors.ts'
import { settingText } from '../support/resolve_settings.ts'
import type { Settings } from '../support/settings.ts'

/** The kernel's space at the sizes of the call; without the launch orders that the settings rule out. */
export function searchSpace(
  bound: BoundKernel,
  call: CallArguments,
  device: Device,
  settings: Settings,
): ConfigSpec {
  const spec = bound.specFor(call, device)
  if (!settings.autotuneForcePersistent) return spec
  const pidTypes = spec.input.pidTypes.filter(isPersistent)
  if (pidTypes.length > 0) return spec.narrowed({ pidTypes })
  throw new UsageError(`${bound.definition.name} cannot be launched persistently, which a setting asks for`, {
    remedy: `Leave ${settingText('autotuneForcePersistent')} unset for this kernel.`,
  })
}
