/**
 * The one polyfill Shoal needs: libp2p 3 calls `Promise.withResolvers`, which Node 20 lacks. Every entry point imports
 * this file before anything else; importing it twice is harmless.
 *
 * Source: ECMAScript 2024, 27.2.4.8 Promise.withResolvers.
 */
interface Resolvers<T> {
  promise: Promise<T>
  resolve: (value: T | PromiseLike<T>) => void
  reject: (reason?: unknown) => void
}

declare global {
  interface PromiseConstructor {
    /** A promise together with the functions that settle it. */
    withResolvers<T>(): Resolvers<T>
  }
}

Promise.withResolvers ??= function withResolvers<T>(this: PromiseConstructor): Resolvers<T> {
  let resolve!: Resolvers<T>['resolve']
  let reject!: Resolvers<T>['reject']
  // the specification makes the promise from `this`, so that subclasses work
  const promise = new this<T>((a, b) => {
    resolve = a
    reject = b
  })
  return { promise, resolve, reject }
}

export {}
