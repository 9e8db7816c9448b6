/** Which streams are made of which other ones, in other codecs. */

import type { StreamVersion, VersionOf } from '../../stream.js'
import { normalizePath } from './path.js'

/** Most versions that are kept of one stream. */
const maxVersions = 50

/** Characters of a codec. */
const maxCodec = 80

/** The versions that are offered on this node. */
export class Versions {
  /** By the path of the stream, then by their own. */
  readonly #all = new Map<string, Map<string, StreamVersion>>()
  /** What each is made of. */
  readonly #sources = new Map<string, string>()

  /** Adds `path`, a normalised one, to the versions of another stream; returns the undo, which may be called again. Throws `ERR_PATH_INVALID`. */
  add(path: string, { path: of, video, audio, inOrder }: VersionOf): () => void {
    const source = normalizePath(of)
    const versions = this.#all.get(source) ?? new Map<string, StreamVersion>()
    if (source === path || this.#sources.has(path) || versions.size >= maxVersions) return () => {}
    const codecs = { ...(isCodec(video) && { video }), ...(isCodec(audio) && { audio }), ...(inOrder === true && { inOrder }) }
    const version = Object.freeze({ path, ...codecs })
    versions.set(path, version)
    this.#all.set(source, versions)
    this.#sources.set(path, source)
    return () => {
      if (versions.get(path) !== version) return
      this.#sources.delete(path)
      versions.delete(path)
      if (versions.size === 0) this.#all.delete(source)
    }
  }

  /** Those of the stream `path`, a normalised one, in the order in which they were added; of a version, the others of its stream. */
  of(path: string): readonly StreamVersion[] {
    const versions = this.#all.get(this.#sources.get(path) ?? path)?.values() ?? []
    return [...versions].filter((version) => version.path !== path)
  }
}

/** What plugins say is checked: it is shown to everybody. */
function isCodec(value: unknown): value is string {
  return typeof value === 'string' && value.length > 0 && value.length <= maxCodec
}
