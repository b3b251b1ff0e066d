/**
 * Prints the adapter that this package chooses here and now. Needs a build.
 */
import { getDevice, hardwareId } from '../dist/index.js'

const device = await getDevice()
console.log(`${hardwareId(device)} (${device.info.description || device.info.device})`)
