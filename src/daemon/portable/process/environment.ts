/** The environment of a plugin's process: what programs need to run at all, and nothing of the daemon's. */

/** Variables that are handed on when they are set. */
const kept = ['PATH', 'HOME', 'USER', 'LANG', 'LANGUAGE', 'LC_ALL', 'LC_CTYPE', 'TZ', 'TMPDIR', 'SSL_CERT_FILE', 'SSL_CERT_DIR']

/**
 * Variables for a child: a short list of the daemon's own, then `own`. The daemon's `SHOAL_…` variables, which may hold
 * a passphrase, are never among them.
 */
export function scrubbedEnvironment(own: Readonly<Record<string, string>> = {}, from: NodeJS.ProcessEnv = process.env): Record<string, string> {
  const scrubbed: Record<string, string> = {}
  for (const name of kept) {
    const value = from[name]
    if (value !== undefined) scrubbed[name] = value
  }
  return { ...scrubbed, ...own }
}
