/** What `ctx.use` gives: plugins keep it, and the plugin that fills the slot may be another one later. */

/**
 * An object that always speaks to what `current` returns now, and throws what that throws while nothing fills the slot:
 * `ERR_SLOT_EMPTY`. It throws at once when nothing fills it at first.
 */
export function lastingService<T extends object>(current: () => T): T {
  current()
  return new Proxy<T>(Object.create(null), {
    get: (_, name) => {
      const service = current()
      const member: unknown = Reflect.get(service, name)
      // bound: services with private members work on themselves alone
      return typeof member === 'function' ? member.bind(service) : member
    },
    has: (_, name) => Reflect.has(current(), name),
    set: () => false,
  })
}
