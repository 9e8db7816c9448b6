/** Which layer of a simulcast is taken. */

/** Names that publishers give to the layer of full size: the order in which they offer layers differs, and says nothing. */
const largest = ['f', 'full', 'high', 'hi', 'h']

/** The name of the layer with the most pixels as far as names tell, otherwise the first one; undefined where there is at most one. */
export function bestLayer(layers: readonly string[]): string | undefined {
  if (layers.length < 2) return undefined
  // of f, h and q the second is half size
  return largest.map((name) => layers.find((layer) => layer.toLowerCase() === name)).find((layer) => layer !== undefined) ?? layers[0]
}
