/** `ctx.store` and what `ctx.use('storage')` gives: a plugin's own name spaces and no other. */

import { ShoalError } from '../../errors.js'
import type { KeyValue, Storage } from '../../services.js'
import { tended } from './containment.js'
import type { Hosted } from './hosted.js'

/** A name space that opens when it is first used and refuses when its plugin has stopped. */
export class PluginStore implements KeyValue {
  readonly #hosted: Hosted
  readonly #storage: () => Storage
  readonly #namespace: string
  #opened: { readonly from: Storage; readonly store: KeyValue } | undefined

  constructor(hosted: Hosted, storage: () => Storage, namespace: string) {
    this.#hosted = hosted
    this.#storage = storage
    this.#namespace = namespace
  }

  get(key: string): Promise<Uint8Array | undefined> {
    return tended(this.#act((store) => store.get(key)))
  }

  set(key: string, value: Uint8Array): Promise<void> {
    return tended(this.#act((store) => store.set(key, value)))
  }

  delete(key: string): Promise<void> {
    return tended(this.#act((store) => store.delete(key)))
  }

  clear(): Promise<void> {
    return tended(this.#act((store) => store.clear()))
  }

  async *entries(prefix?: string): AsyncGenerator<readonly [string, Uint8Array], void, undefined> {
    for await (const entry of this.#store().entries(prefix)) {
      yield entry
      this.#store()
    }
  }

  async #act<T>(call: (store: KeyValue) => Promise<T>): Promise<T> {
    return call(this.#store())
  }

  #store(): KeyValue {
    const closed = this.#hosted.closed()
    if (closed) throw closed
    const storage = this.#storage()
    // the plugin that fills the slot may have been started anew
    if (this.#opened?.from !== storage) this.#opened = { from: storage, store: storage.open(this.#namespace) }
    return this.#opened.store
  }
}

/** Name space of a plugin in the `storage` service. */
export function pluginNamespace(plugin: string): string {
  return `plugin/${plugin}`
}

/** A storage whose name spaces all lie beside the plugin's own. A `:` cannot be part of a plugin's name, so none is another's. */
export function pluginStorage(hosted: Hosted, storage: () => Storage): Storage {
  return {
    open(namespace) {
      if (!/^[A-Za-z0-9._-]{1,64}$/.test(namespace))
        throw new ShoalError('ERR_KEY_INVALID', 'A name space is 1 to 64 of A-Z, a-z, 0-9, dot, dash and underscore.')
      return new PluginStore(hosted, storage, `${pluginNamespace(hosted.name)}:${namespace}`)
    },
  }
}
