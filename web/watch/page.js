/** Small help with the document. Text from elsewhere only ever becomes text. */

/** An element that the page has. @template {Element} E @param {string} id @param {new () => E} type @returns {E} */
export function element(id, type) {
  const found = document.getElementById(id)
  if (found instanceof type) return found
  throw new Error(`The page has no ${id}.`)
}

/** A new element with text or children. @template {keyof HTMLElementTagNameMap} N @param {N} name @param {Partial<HTMLElementTagNameMap[N]>} properties @param {...(Node | string)} children @returns {HTMLElementTagNameMap[N]} */
export function make(name, properties, ...children) {
  const made = document.createElement(name)
  Object.assign(made, properties)
  made.append(...children)
  return made
}

/** Rows of a list of terms; kept elements, so that a screen reader is not disturbed. @param {HTMLElement} list @param {readonly (readonly [name: string, value: string])[]} rows */
export function showRows(list, rows) {
  while (list.children.length > rows.length) list.lastElementChild?.remove()
  rows.forEach(([name, value], i) => {
    const row = list.children[i] ?? list.appendChild(make('div', {}, make('dt', {}), make('dd', {})))
    setText(row.firstElementChild, name)
    setText(row.lastElementChild, value)
  })
}

/** Sets text where it is another one. @param {Element | null} target @param {string} text */
export function setText(target, text) {
  if (target && target.textContent !== text) target.textContent = text
}

/** `3.9 Mbit/s`. @param {number} bits a second */
export function rate(bits) {
  return bits >= 1e6 ? `${(bits / 1e6).toFixed(1)} Mbit/s` : `${Math.round(bits / 1000)} kbit/s`
}

/** The daemon's page may be opened by a name that browsers do not trust with a camera. */
export const isTrusted = globalThis.isSecureContext === true
