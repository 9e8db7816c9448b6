/** What a person may set of an eKuiper plugin, under `plugins.NAME`. */

import { type Static, Type } from 'typebox'

const ms = (byDefault: number, description: string) => Type.Integer({ default: byDefault, minimum: 100, maximum: 600_000, description })

/** Its schema. */
export const ekuiperConfig = Type.Object(
  {
    pythonBin: Type.String({
      default: 'python3',
      minLength: 1,
      maxLength: 4096,
      description: 'Python that runs it: a program, or a path; ./venv/bin/python is in its folder.',
    }),
    initTimeout: ms(10_000, 'ms from the start of its process to its handshake.'),
    callTimeout: ms(5000, 'ms for a command, a call of a function, a row of a sink and its acknowledgement.'),
    failure: Type.Union([Type.Literal('closed'), Type.Literal('open')], {
      default: 'closed',
      description:
        'What a call comes to that its process does not answer. closed: an error; open: its first argument, as it came. What a function refuses is an error.',
    }),
    sendTimeout: ms(1000, 'ms it may wait to send one message; handed to it.'),
    sockets: Type.Union([Type.Literal('shared'), Type.Literal('own')], {
      default: 'shared',
      description: 'shared: where the SDKs of eKuiper look; own: in a folder of this daemon, for plugins that read SHOAL_EKUIPER_SOCKETS.',
    }),
    env: Type.Record(Type.String({ pattern: '^[A-Za-z_][A-Za-z0-9_]{0,63}$' }), Type.String({ maxLength: 4096 }), {
      default: {},
      maxProperties: 32,
      description: 'Environment variables for it.',
    }),
    memoryLimit: Type.Integer({ default: 0, minimum: 0, description: 'Resident bytes, children too, above which its process is started anew; 0: none.' }),
  },
  { additionalProperties: false },
)

/** The settings of one plugin. */
export type EkuiperConfig = Static<typeof ekuiperConfig>
