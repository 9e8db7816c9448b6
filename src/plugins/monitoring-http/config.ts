/** What can be set for monitoring-http. */

import { Type } from 'typebox'

/** Configuration of monitoring-http. */
export interface MonitoringHttpConfig {
  /** Begin anew after each summary that was read or pushed; default false. */
  readonly reset: boolean
  /** Where summaries are pushed; default nowhere. */
  readonly pushUrl: string
  /** Seconds between pushes; default 60. */
  readonly pushInterval: number
  /** Shown to {@link pushUrl} as a bearer token; default none. */
  readonly pushToken: string
  /** Plain http to another machine; default false. */
  readonly insecure: boolean
}

/** Its schema. */
export const monitoringHttpSchema = Type.Object(
  {
    reset: Type.Boolean({ default: false, description: 'Begin anew after each summary that was read or pushed; otherwise totals run on.' }),
    pushUrl: Type.String({ default: '', maxLength: 2048, description: 'Summaries are posted there; https, or http on this machine. Empty = nowhere.' }),
    pushInterval: Type.Number({ default: 60, minimum: 0.1, maximum: 86_400, description: 'Seconds between two that are posted.' }),
    pushToken: Type.String({ default: '', maxLength: 4096, secret: true, description: 'Shown to that service as a bearer token.' }),
    insecure: Type.Boolean({ default: false, description: 'Allow http to another machine.' }),
  },
  { additionalProperties: false },
)
