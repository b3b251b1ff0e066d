/** Elements on the host as another dtype has them: the same bits. */
import { STORAGE, type StorageType } from '../support/storage_types.ts'

interface Elements {
  [index: number]: number
  readonly length: number
}

/** Reads and writes `data`, which holds numbers of one dtype, as numbers of another. */
export function recastData(data: Elements, from: StorageType, to: StorageType): Elements {
  const [inner, outer] = [STORAGE[from], STORAGE[to]]
  const length = Math.floor((data.length * inner.bits) / outer.bits)
  const bitsAt = (bit: number): number => {
    const code = inner.encode(data[Math.floor(bit / inner.bits)] ?? 0)
    return (code >>> (bit % inner.bits)) & 1
  }
  const setBit = (bit: number, value: number): void => {
    const [at, offset] = [Math.floor(bit / inner.bits), bit % inner.bits]
    const rest = inner.encode(data[at] ?? 0) & ~(1 << offset)
    data[at] = inner.decode((rest | (value << offset)) >>> 0)
  }
  const read = (position: number): number => {
    let code = 0
    for (let bit = outer.bits - 1; bit >= 0; bit--) code = code * 2 + bitsAt(position * outer.bits + bit)
    return outer.decode(code)
  }
  const write = (position: number, value: number): void => {
    const code = outer.encode(value)
    for (let bit = 0; bit < outer.bits; bit++) setBit(position * outer.bits + bit, (code >>> bit) & 1)
  }
  return new Proxy({ length } as Elements, {
    get: (_target, name) => (name === 'length' ? length : read(Number(name))),
    set(_target, name, value) {
      write(Number(name), Number(value))
      return true
    },
  })
}
