/** Layers of configuration: what each says, where it says so, and how they lie on top of each other. */

import { isMapping, type KeyPath, pointerOf } from './key-path.js'
import type { Place, Problem } from './problem.js'

/** Which sort of layer a value comes from; a later one wins. */
export type LayerKind = 'default' | 'file' | 'environment' | 'flag' | 'runtime'

/** One layer. */
export interface Layer {
  readonly kind: LayerKind
  readonly value: Readonly<Record<string, unknown>>
  /** JSON pointer → place of the value; with a trailing `/` place of its key. */
  readonly places: ReadonlyMap<string, Place>
  readonly problems: readonly Problem[]
  /** Its text could not be parsed. */
  readonly broken?: boolean
}

/** Where a value of the merged configuration comes from. */
export interface Origin extends Place {
  readonly kind: LayerKind
}

/** All layers on top of each other. */
export interface Merged {
  readonly value: Readonly<Record<string, unknown>>
  /** JSON pointer → origin, for every value and section that a layer gives. */
  readonly origins: ReadonlyMap<string, Origin>
  /** JSON pointer → place of the key. */
  readonly keys: ReadonlyMap<string, Place>
}

/** Merges. Sections are merged key by key; anything else, lists too, is replaced as a whole. */
export function mergeLayers(layers: readonly Layer[]): Merged {
  const root: Record<string, unknown> = {}
  const origins = new Map<string, Origin>()
  const keys = new Map<string, Place>()
  for (const layer of layers) lay(root, layer.value, [], { layer, origins, keys })
  return { value: root, origins, keys }
}

interface Work {
  readonly layer: Layer
  readonly origins: Map<string, Origin>
  readonly keys: Map<string, Place>
}

function lay(target: Record<string, unknown>, source: Readonly<Record<string, unknown>>, path: KeyPath, work: Work): void {
  for (const [key, value] of Object.entries(source)) {
    const at = [...path, key]
    const pointer = pointerOf(at)
    const keyPlace = work.layer.places.get(`${pointer}/`)
    if (keyPlace) work.keys.set(pointer, keyPlace)
    const below = target[key]
    if (isMapping(value) && (isMapping(below) || below === undefined || below === null)) {
      const section: Record<string, unknown> = isMapping(below) ? below : {}
      target[key] = section
      work.origins.set(pointer, { kind: work.layer.kind, ...work.layer.places.get(pointer) })
      lay(section, value, at, work)
    } else if (value !== null || !isMapping(below)) {
      // `rtmp:` with nothing below it is an empty section, not the end of what is there
      if (typeof below === 'object') forget(work, pointer)
      target[key] = structuredClone(value)
      mark(value, at, work)
    }
  }
}

/** Drops the places of what is replaced. */
function forget({ origins, keys }: Work, pointer: string): void {
  for (const map of [origins, keys]) for (const key of [...map.keys()]) if (key.startsWith(`${pointer}/`)) map.delete(key)
}

function mark(value: unknown, path: KeyPath, work: Work): void {
  const pointer = pointerOf(path)
  work.origins.set(pointer, { kind: work.layer.kind, ...placeIn(work.layer, path) })
  const key = work.layer.places.get(`${pointer}/`)
  if (key) work.keys.set(pointer, key)
  if (Array.isArray(value)) for (const [index, item] of value.entries()) mark(item, [...path, index], work)
  else if (isMapping(value)) for (const [name, item] of Object.entries(value)) mark(item, [...path, name], work)
}

/** The place of a value, or of the nearest one around it. */
export function placeIn(layer: Pick<Layer, 'places'>, path: KeyPath): Place {
  for (let length = path.length; length >= 0; length--) {
    const place = layer.places.get(pointerOf(path.slice(0, length)))
    if (place) return place
  }
  return {}
}
