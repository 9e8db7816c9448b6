/* eslint-disable require-yield */

import { decodeMessage, encodeMessage, MaxLengthError, message, streamMessage } from 'protons-runtime'
import { alloc as uint8ArrayAlloc } from 'uint8arrays/alloc'
import type { Codec, DecodeOptions } from 'protons-runtime'
import type { Uint8ArrayList } from 'uint8arraylist'

export interface PortableMessage {
  id: number
  hello?: Hello
  answer?: Answer
  cancel?: Cancel
  start?: Start
  payload?: Payload
  forgotten?: Forgotten
  shutdown?: Shutdown
  job?: Job
  http?: HttpCall
  event?: Event
  send?: Send
  store?: StoreCall
  query?: Query
  sign?: Sign
  publish?: Publish
  subscribe?: Subscribe
  log?: LogLine
  task?: TaskReport
  frames?: Frames
  tracks?: Tracks
  credit?: Credit
  close?: Close
  keyWanted?: KeyWanted
  service?: ServiceCall
  notice?: ServiceNotice
}

export namespace PortableMessage {
  let _codec: Codec<PortableMessage>

  export const codec = (): Codec<PortableMessage> => {
    if (_codec == null) {
      _codec = message<PortableMessage>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint64Number(obj.id)
        }

        if (obj.hello != null) {
          w.uint32(18)
          Hello.codec().encode(obj.hello, w)
        }

        if (obj.answer != null) {
          w.uint32(26)
          Answer.codec().encode(obj.answer, w)
        }

        if (obj.cancel != null) {
          w.uint32(34)
          Cancel.codec().encode(obj.cancel, w)
        }

        if (obj.start != null) {
          w.uint32(82)
          Start.codec().encode(obj.start, w)
        }

        if (obj.payload != null) {
          w.uint32(90)
          Payload.codec().encode(obj.payload, w)
        }

        if (obj.forgotten != null) {
          w.uint32(98)
          Forgotten.codec().encode(obj.forgotten, w)
        }

        if (obj.shutdown != null) {
          w.uint32(106)
          Shutdown.codec().encode(obj.shutdown, w)
        }

        if (obj.job != null) {
          w.uint32(114)
          Job.codec().encode(obj.job, w)
        }

        if (obj.http != null) {
          w.uint32(122)
          HttpCall.codec().encode(obj.http, w)
        }

        if (obj.event != null) {
          w.uint32(130)
          Event.codec().encode(obj.event, w)
        }

        if (obj.send != null) {
          w.uint32(162)
          Send.codec().encode(obj.send, w)
        }

        if (obj.store != null) {
          w.uint32(170)
          StoreCall.codec().encode(obj.store, w)
        }

        if (obj.query != null) {
          w.uint32(178)
          Query.codec().encode(obj.query, w)
        }

        if (obj.sign != null) {
          w.uint32(186)
          Sign.codec().encode(obj.sign, w)
        }

        if (obj.publish != null) {
          w.uint32(194)
          Publish.codec().encode(obj.publish, w)
        }

        if (obj.subscribe != null) {
          w.uint32(202)
          Subscribe.codec().encode(obj.subscribe, w)
        }

        if (obj.log != null) {
          w.uint32(210)
          LogLine.codec().encode(obj.log, w)
        }

        if (obj.task != null) {
          w.uint32(218)
          TaskReport.codec().encode(obj.task, w)
        }

        if (obj.frames != null) {
          w.uint32(242)
          Frames.codec().encode(obj.frames, w)
        }

        if (obj.tracks != null) {
          w.uint32(250)
          Tracks.codec().encode(obj.tracks, w)
        }

        if (obj.credit != null) {
          w.uint32(258)
          Credit.codec().encode(obj.credit, w)
        }

        if (obj.close != null) {
          w.uint32(266)
          Close.codec().encode(obj.close, w)
        }

        if (obj.keyWanted != null) {
          w.uint32(274)
          KeyWanted.codec().encode(obj.keyWanted, w)
        }

        if (obj.service != null) {
          w.uint32(282)
          ServiceCall.codec().encode(obj.service, w)
        }

        if (obj.notice != null) {
          w.uint32(290)
          ServiceNotice.codec().encode(obj.notice, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint64Number()
              break
            }
            case 2: {
              obj.hello = Hello.codec().decode(reader, reader.uint32(), opts.limits?.hello == null ? {} : { limits: opts.limits.hello })
              break
            }
            case 3: {
              obj.answer = Answer.codec().decode(reader, reader.uint32(), opts.limits?.answer == null ? {} : { limits: opts.limits.answer })
              break
            }
            case 4: {
              obj.cancel = Cancel.codec().decode(reader, reader.uint32(), opts.limits?.cancel == null ? {} : { limits: opts.limits.cancel })
              break
            }
            case 10: {
              obj.start = Start.codec().decode(reader, reader.uint32(), opts.limits?.start == null ? {} : { limits: opts.limits.start })
              break
            }
            case 11: {
              obj.payload = Payload.codec().decode(reader, reader.uint32(), opts.limits?.payload == null ? {} : { limits: opts.limits.payload })
              break
            }
            case 12: {
              obj.forgotten = Forgotten.codec().decode(reader, reader.uint32(), opts.limits?.forgotten == null ? {} : { limits: opts.limits.forgotten })
              break
            }
            case 13: {
              obj.shutdown = Shutdown.codec().decode(reader, reader.uint32(), opts.limits?.shutdown == null ? {} : { limits: opts.limits.shutdown })
              break
            }
            case 14: {
              obj.job = Job.codec().decode(reader, reader.uint32(), opts.limits?.job == null ? {} : { limits: opts.limits.job })
              break
            }
            case 15: {
              obj.http = HttpCall.codec().decode(reader, reader.uint32(), opts.limits?.http == null ? {} : { limits: opts.limits.http })
              break
            }
            case 16: {
              obj.event = Event.codec().decode(reader, reader.uint32(), opts.limits?.event == null ? {} : { limits: opts.limits.event })
              break
            }
            case 20: {
              obj.send = Send.codec().decode(reader, reader.uint32(), opts.limits?.send == null ? {} : { limits: opts.limits.send })
              break
            }
            case 21: {
              obj.store = StoreCall.codec().decode(reader, reader.uint32(), opts.limits?.store == null ? {} : { limits: opts.limits.store })
              break
            }
            case 22: {
              obj.query = Query.codec().decode(reader, reader.uint32(), opts.limits?.query == null ? {} : { limits: opts.limits.query })
              break
            }
            case 23: {
              obj.sign = Sign.codec().decode(reader, reader.uint32(), opts.limits?.sign == null ? {} : { limits: opts.limits.sign })
              break
            }
            case 24: {
              obj.publish = Publish.codec().decode(reader, reader.uint32(), opts.limits?.publish == null ? {} : { limits: opts.limits.publish })
              break
            }
            case 25: {
              obj.subscribe = Subscribe.codec().decode(reader, reader.uint32(), opts.limits?.subscribe == null ? {} : { limits: opts.limits.subscribe })
              break
            }
            case 26: {
              obj.log = LogLine.codec().decode(reader, reader.uint32(), opts.limits?.log == null ? {} : { limits: opts.limits.log })
              break
            }
            case 27: {
              obj.task = TaskReport.codec().decode(reader, reader.uint32(), opts.limits?.task == null ? {} : { limits: opts.limits.task })
              break
            }
            case 30: {
              obj.frames = Frames.codec().decode(reader, reader.uint32(), opts.limits?.frames == null ? {} : { limits: opts.limits.frames })
              break
            }
            case 31: {
              obj.tracks = Tracks.codec().decode(reader, reader.uint32(), opts.limits?.tracks == null ? {} : { limits: opts.limits.tracks })
              break
            }
            case 32: {
              obj.credit = Credit.codec().decode(reader, reader.uint32(), opts.limits?.credit == null ? {} : { limits: opts.limits.credit })
              break
            }
            case 33: {
              obj.close = Close.codec().decode(reader, reader.uint32(), opts.limits?.close == null ? {} : { limits: opts.limits.close })
              break
            }
            case 34: {
              obj.keyWanted = KeyWanted.codec().decode(reader, reader.uint32(), opts.limits?.keyWanted == null ? {} : { limits: opts.limits.keyWanted })
              break
            }
            case 35: {
              obj.service = ServiceCall.codec().decode(reader, reader.uint32(), opts.limits?.service == null ? {} : { limits: opts.limits.service })
              break
            }
            case 36: {
              obj.notice = ServiceNotice.codec().decode(reader, reader.uint32(), opts.limits?.notice == null ? {} : { limits: opts.limits.notice })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint64Number()
              }
              break
            }
            case 2: {
              yield * Hello.codec().stream(reader, reader.uint32(), `${prefix}.hello`, opts.limits?.hello == null ? {} : { limits: opts.limits.hello })

              break
            }
            case 3: {
              yield * Answer.codec().stream(reader, reader.uint32(), `${prefix}.answer`, opts.limits?.answer == null ? {} : { limits: opts.limits.answer })

              break
            }
            case 4: {
              yield * Cancel.codec().stream(reader, reader.uint32(), `${prefix}.cancel`, opts.limits?.cancel == null ? {} : { limits: opts.limits.cancel })

              break
            }
            case 10: {
              yield * Start.codec().stream(reader, reader.uint32(), `${prefix}.start`, opts.limits?.start == null ? {} : { limits: opts.limits.start })

              break
            }
            case 11: {
              yield * Payload.codec().stream(reader, reader.uint32(), `${prefix}.payload`, opts.limits?.payload == null ? {} : { limits: opts.limits.payload })

              break
            }
            case 12: {
              yield * Forgotten.codec().stream(reader, reader.uint32(), `${prefix}.forgotten`, opts.limits?.forgotten == null ? {} : { limits: opts.limits.forgotten })

              break
            }
            case 13: {
              yield * Shutdown.codec().stream(reader, reader.uint32(), `${prefix}.shutdown`, opts.limits?.shutdown == null ? {} : { limits: opts.limits.shutdown })

              break
            }
            case 14: {
              yield * Job.codec().stream(reader, reader.uint32(), `${prefix}.job`, opts.limits?.job == null ? {} : { limits: opts.limits.job })

              break
            }
            case 15: {
              yield * HttpCall.codec().stream(reader, reader.uint32(), `${prefix}.http`, opts.limits?.http == null ? {} : { limits: opts.limits.http })

              break
            }
            case 16: {
              yield * Event.codec().stream(reader, reader.uint32(), `${prefix}.event`, opts.limits?.event == null ? {} : { limits: opts.limits.event })

              break
            }
            case 20: {
              yield * Send.codec().stream(reader, reader.uint32(), `${prefix}.send`, opts.limits?.send == null ? {} : { limits: opts.limits.send })

              break
            }
            case 21: {
              yield * StoreCall.codec().stream(reader, reader.uint32(), `${prefix}.store`, opts.limits?.store == null ? {} : { limits: opts.limits.store })

              break
            }
            case 22: {
              yield * Query.codec().stream(reader, reader.uint32(), `${prefix}.query`, opts.limits?.query == null ? {} : { limits: opts.limits.query })

              break
            }
            case 23: {
              yield * Sign.codec().stream(reader, reader.uint32(), `${prefix}.sign`, opts.limits?.sign == null ? {} : { limits: opts.limits.sign })

              break
            }
            case 24: {
              yield * Publish.codec().stream(reader, reader.uint32(), `${prefix}.publish`, opts.limits?.publish == null ? {} : { limits: opts.limits.publish })

              break
            }
            case 25: {
              yield * Subscribe.codec().stream(reader, reader.uint32(), `${prefix}.subscribe`, opts.limits?.subscribe == null ? {} : { limits: opts.limits.subscribe })

              break
            }
            case 26: {
              yield * LogLine.codec().stream(reader, reader.uint32(), `${prefix}.log`, opts.limits?.log == null ? {} : { limits: opts.limits.log })

              break
            }
            case 27: {
              yield * TaskReport.codec().stream(reader, reader.uint32(), `${prefix}.task`, opts.limits?.task == null ? {} : { limits: opts.limits.task })

              break
            }
            case 30: {
              yield * Frames.codec().stream(reader, reader.uint32(), `${prefix}.frames`, opts.limits?.frames == null ? {} : { limits: opts.limits.frames })

              break
            }
            case 31: {
              yield * Tracks.codec().stream(reader, reader.uint32(), `${prefix}.tracks`, opts.limits?.tracks == null ? {} : { limits: opts.limits.tracks })

              break
            }
            case 32: {
              yield * Credit.codec().stream(reader, reader.uint32(), `${prefix}.credit`, opts.limits?.credit == null ? {} : { limits: opts.limits.credit })

              break
            }
            case 33: {
              yield * Close.codec().stream(reader, reader.uint32(), `${prefix}.close`, opts.limits?.close == null ? {} : { limits: opts.limits.close })

              break
            }
            case 34: {
              yield * KeyWanted.codec().stream(reader, reader.uint32(), `${prefix}.keyWanted`, opts.limits?.keyWanted == null ? {} : { limits: opts.limits.keyWanted })

              break
            }
            case 35: {
              yield * ServiceCall.codec().stream(reader, reader.uint32(), `${prefix}.service`, opts.limits?.service == null ? {} : { limits: opts.limits.service })

              break
            }
            case 36: {
              yield * ServiceNotice.codec().stream(reader, reader.uint32(), `${prefix}.notice`, opts.limits?.notice == null ? {} : { limits: opts.limits.notice })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PortableMessageIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface PortableMessageHelloVersionFieldEvent {
    field: '$.hello.version'
    value: number
  }

  export interface PortableMessageHelloMinVersionFieldEvent {
    field: '$.hello.minVersion'
    value: number
  }

  export interface PortableMessageHelloAgentFieldEvent {
    field: '$.hello.agent'
    value: string
  }

  export interface PortableMessageHelloPluginNameFieldEvent {
    field: '$.hello.plugin.name'
    value: string
  }

  export interface PortableMessageHelloPluginVersionFieldEvent {
    field: '$.hello.plugin.version'
    value: string
  }

  export interface PortableMessageHelloPluginDescriptionFieldEvent {
    field: '$.hello.plugin.description'
    value: string
  }

  export interface PortableMessageHelloPluginAuthorFieldEvent {
    field: '$.hello.plugin.author'
    value: string
  }

  export interface PortableMessageHelloPluginKindsFieldEvent {
    field: '$.hello.plugin.kinds[]'
    index: number
    value: string
  }

  export interface PortableMessageHelloPluginConfigSchemaFieldEvent {
    field: '$.hello.plugin.configSchema'
    value: Uint8Array
  }

  export interface PortableMessageHelloPluginPullersProtocolFieldEvent {
    field: '$.hello.plugin.pullers[].protocol'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginPullersPrefixFieldEvent {
    field: '$.hello.plugin.pullers[].prefix'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginPushersProtocolFieldEvent {
    field: '$.hello.plugin.pushers[].protocol'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginPushersPrefixFieldEvent {
    field: '$.hello.plugin.pushers[].prefix'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginRoutesMethodFieldEvent {
    field: '$.hello.plugin.routes[].method'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginRoutesPathFieldEvent {
    field: '$.hello.plugin.routes[].path'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginRoutesSummaryFieldEvent {
    field: '$.hello.plugin.routes[].summary'
    value: string
    index: number
  }

  export interface PortableMessageHelloPluginRoutesPublicFieldEvent {
    field: '$.hello.plugin.routes[].public'
    value: boolean
    index: number
  }

  export interface PortableMessageHelloPluginProvidesFieldEvent {
    field: '$.hello.plugin.provides[]'
    index: number
    value: string
  }

  export interface PortableMessageHelloPluginEventsFieldEvent {
    field: '$.hello.plugin.events[]'
    index: number
    value: string
  }

  export interface PortableMessageHelloPluginUsesFieldEvent {
    field: '$.hello.plugin.uses[]'
    index: number
    value: string
  }

  export interface PortableMessageAnswerCodeFieldEvent {
    field: '$.answer.code'
    value: string
  }

  export interface PortableMessageAnswerMessageFieldEvent {
    field: '$.answer.message'
    value: string
  }

  export interface PortableMessageAnswerBodyFieldEvent {
    field: '$.answer.body'
    value: Uint8Array
  }

  export interface PortableMessageAnswerFlagFieldEvent {
    field: '$.answer.flag'
    value: boolean
  }

  export interface PortableMessageAnswerEntriesKeyFieldEvent {
    field: '$.answer.entries[].key'
    value: string
    index: number
  }

  export interface PortableMessageAnswerEntriesValueFieldEvent {
    field: '$.answer.entries[].value'
    value: Uint8Array
    index: number
  }

  export interface PortableMessageAnswerPathFieldEvent {
    field: '$.answer.path'
    value: string
  }

  export interface PortableMessageAnswerTracksIdFieldEvent {
    field: '$.answer.tracks[].id'
    value: number
    index: number
  }

  export interface PortableMessageAnswerTracksKindFieldEvent {
    field: '$.answer.tracks[].kind'
    value: string
    index: number
  }

  export interface PortableMessageAnswerTracksCodecFieldEvent {
    field: '$.answer.tracks[].codec'
    value: string
    index: number
  }

  export interface PortableMessageAnswerTracksDescriptionFieldEvent {
    field: '$.answer.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface PortableMessageAnswerTracksWidthFieldEvent {
    field: '$.answer.tracks[].width'
    value: number
    index: number
  }

  export interface PortableMessageAnswerTracksHeightFieldEvent {
    field: '$.answer.tracks[].height'
    value: number
    index: number
  }

  export interface PortableMessageAnswerTracksSampleRateFieldEvent {
    field: '$.answer.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface PortableMessageAnswerTracksChannelsFieldEvent {
    field: '$.answer.tracks[].channels'
    value: number
    index: number
  }

  export interface PortableMessageAnswerBlobsFieldEvent {
    field: '$.answer.blobs[]'
    index: number
    value: Uint8Array
  }

  export interface PortableMessageStartConfigFieldEvent {
    field: '$.start.config'
    value: Uint8Array
  }

  export interface PortableMessageStartNodeIdFieldEvent {
    field: '$.start.nodeId'
    value: string
  }

  export interface PortableMessageStartNodeNameFieldEvent {
    field: '$.start.nodeName'
    value: string
  }

  export interface PortableMessageStartDataDirFieldEvent {
    field: '$.start.dataDir'
    value: string
  }

  export interface PortableMessageStartLimitsMaxMessageFieldEvent {
    field: '$.start.limits.maxMessage'
    value: number
  }

  export interface PortableMessageStartLimitsWindowFieldEvent {
    field: '$.start.limits.window'
    value: number
  }

  export interface PortableMessageStartLimitsCallsFieldEvent {
    field: '$.start.limits.calls'
    value: number
  }

  export interface PortableMessageStartLimitsStreamsFieldEvent {
    field: '$.start.limits.streams'
    value: number
  }

  export interface PortableMessagePayloadPeerFieldEvent {
    field: '$.payload.peer'
    value: string
  }

  export interface PortableMessagePayloadKindFieldEvent {
    field: '$.payload.kind'
    value: string
  }

  export interface PortableMessagePayloadBodyFieldEvent {
    field: '$.payload.body'
    value: Uint8Array
  }

  export interface PortableMessageForgottenPeerFieldEvent {
    field: '$.forgotten.peer'
    value: string
  }

  export interface PortableMessageJobFactoryFieldEvent {
    field: '$.job.factory'
    value: number
  }

  export interface PortableMessageJobPushFieldEvent {
    field: '$.job.push'
    value: boolean
  }

  export interface PortableMessageJobUrlFieldEvent {
    field: '$.job.url'
    value: string
  }

  export interface PortableMessageJobPathFieldEvent {
    field: '$.job.path'
    value: string
  }

  export interface PortableMessageJobOptionsFieldEvent {
    field: '$.job.options'
    value: Uint8Array
  }

  export interface PortableMessageHttpRouteFieldEvent {
    field: '$.http.route'
    value: number
  }

  export interface PortableMessageHttpRequestFieldEvent {
    field: '$.http.request'
    value: Uint8Array
  }

  export interface PortableMessageEventTopicFieldEvent {
    field: '$.event.topic'
    value: string
  }

  export interface PortableMessageEventEventFieldEvent {
    field: '$.event.event'
    value: Uint8Array
  }

  export interface PortableMessageSendModeFieldEvent {
    field: '$.send.mode'
    value: number
  }

  export interface PortableMessageSendPeerFieldEvent {
    field: '$.send.peer'
    value: string
  }

  export interface PortableMessageSendKindFieldEvent {
    field: '$.send.kind'
    value: string
  }

  export interface PortableMessageSendBodyFieldEvent {
    field: '$.send.body'
    value: Uint8Array
  }

  export interface PortableMessageSendTimeoutFieldEvent {
    field: '$.send.timeout'
    value: number
  }

  export interface PortableMessageStoreOpFieldEvent {
    field: '$.store.op'
    value: number
  }

  export interface PortableMessageStoreKeyFieldEvent {
    field: '$.store.key'
    value: string
  }

  export interface PortableMessageStoreValueFieldEvent {
    field: '$.store.value'
    value: Uint8Array
  }

  export interface PortableMessageStoreAfterFieldEvent {
    field: '$.store.after'
    value: string
  }

  export interface PortableMessageQueryTopicFieldEvent {
    field: '$.query.topic'
    value: string
  }

  export interface PortableMessageSignBytesFieldEvent {
    field: '$.sign.bytes'
    value: Uint8Array
  }

  export interface PortableMessagePublishPathFieldEvent {
    field: '$.publish.path'
    value: string
  }

  export interface PortableMessagePublishTracksIdFieldEvent {
    field: '$.publish.tracks[].id'
    value: number
    index: number
  }

  export interface PortableMessagePublishTracksKindFieldEvent {
    field: '$.publish.tracks[].kind'
    value: string
    index: number
  }

  export interface PortableMessagePublishTracksCodecFieldEvent {
    field: '$.publish.tracks[].codec'
    value: string
    index: number
  }

  export interface PortableMessagePublishTracksDescriptionFieldEvent {
    field: '$.publish.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface PortableMessagePublishTracksWidthFieldEvent {
    field: '$.publish.tracks[].width'
    value: number
    index: number
  }

  export interface PortableMessagePublishTracksHeightFieldEvent {
    field: '$.publish.tracks[].height'
    value: number
    index: number
  }

  export interface PortableMessagePublishTracksSampleRateFieldEvent {
    field: '$.publish.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface PortableMessagePublishTracksChannelsFieldEvent {
    field: '$.publish.tracks[].channels'
    value: number
    index: number
  }

  export interface PortableMessagePublishTakeoverFieldEvent {
    field: '$.publish.takeover'
    value: boolean
  }

  export interface PortableMessagePublishPublishTimeoutFieldEvent {
    field: '$.publish.publishTimeout'
    value: number
  }

  export interface PortableMessagePublishIdleTimeoutFieldEvent {
    field: '$.publish.idleTimeout'
    value: number
  }

  export interface PortableMessagePublishJobFieldEvent {
    field: '$.publish.job'
    value: number
  }

  export interface PortableMessageSubscribePathFieldEvent {
    field: '$.subscribe.path'
    value: string
  }

  export interface PortableMessageSubscribeStartFieldEvent {
    field: '$.subscribe.start'
    value: number
  }

  export interface PortableMessageSubscribeBufferedFieldEvent {
    field: '$.subscribe.buffered'
    value: number
  }

  export interface PortableMessageSubscribeKindsFieldEvent {
    field: '$.subscribe.kinds[]'
    index: number
    value: string
  }

  export interface PortableMessageSubscribeMaxLatencyFieldEvent {
    field: '$.subscribe.maxLatency'
    value: number
  }

  export interface PortableMessageSubscribeWaitFieldEvent {
    field: '$.subscribe.wait'
    value: number
  }

  export interface PortableMessageSubscribeJobFieldEvent {
    field: '$.subscribe.job'
    value: number
  }

  export interface PortableMessageLogLevelFieldEvent {
    field: '$.log.level'
    value: string
  }

  export interface PortableMessageLogMessageFieldEvent {
    field: '$.log.message'
    value: string
  }

  export interface PortableMessageLogFieldsFieldEvent {
    field: '$.log.fields'
    value: Uint8Array
  }

  export interface PortableMessageTaskNameFieldEvent {
    field: '$.task.name'
    value: string
  }

  export interface PortableMessageTaskStateFieldEvent {
    field: '$.task.state'
    value: string
  }

  export interface PortableMessageTaskTextFieldEvent {
    field: '$.task.text'
    value: string
  }

  export interface PortableMessageTaskDoneFieldEvent {
    field: '$.task.done'
    value: number
  }

  export interface PortableMessageTaskTotalFieldEvent {
    field: '$.task.total'
    value: number
  }

  export interface PortableMessageFramesRecordsFieldEvent {
    field: '$.frames.records'
    value: Uint8Array
  }

  export interface PortableMessageFramesDroppedFieldEvent {
    field: '$.frames.dropped'
    value: number
  }

  export interface PortableMessageTracksTracksIdFieldEvent {
    field: '$.tracks.tracks[].id'
    value: number
    index: number
  }

  export interface PortableMessageTracksTracksKindFieldEvent {
    field: '$.tracks.tracks[].kind'
    value: string
    index: number
  }

  export interface PortableMessageTracksTracksCodecFieldEvent {
    field: '$.tracks.tracks[].codec'
    value: string
    index: number
  }

  export interface PortableMessageTracksTracksDescriptionFieldEvent {
    field: '$.tracks.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface PortableMessageTracksTracksWidthFieldEvent {
    field: '$.tracks.tracks[].width'
    value: number
    index: number
  }

  export interface PortableMessageTracksTracksHeightFieldEvent {
    field: '$.tracks.tracks[].height'
    value: number
    index: number
  }

  export interface PortableMessageTracksTracksSampleRateFieldEvent {
    field: '$.tracks.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface PortableMessageTracksTracksChannelsFieldEvent {
    field: '$.tracks.tracks[].channels'
    value: number
    index: number
  }

  export interface PortableMessageCreditBytesFieldEvent {
    field: '$.credit.bytes'
    value: number
  }

  export interface PortableMessageCloseCodeFieldEvent {
    field: '$.close.code'
    value: string
  }

  export interface PortableMessageCloseMessageFieldEvent {
    field: '$.close.message'
    value: string
  }

  export interface PortableMessageServiceSlotFieldEvent {
    field: '$.service.slot'
    value: string
  }

  export interface PortableMessageServiceMethodFieldEvent {
    field: '$.service.method'
    value: string
  }

  export interface PortableMessageServiceArgumentsFieldEvent {
    field: '$.service.arguments'
    value: Uint8Array
  }

  export interface PortableMessageServiceBlobsFieldEvent {
    field: '$.service.blobs[]'
    index: number
    value: Uint8Array
  }

  export interface PortableMessageNoticeSlotFieldEvent {
    field: '$.notice.slot'
    value: string
  }

  export interface PortableMessageNoticeMethodFieldEvent {
    field: '$.notice.method'
    value: string
  }

  export interface PortableMessageNoticeArgumentsFieldEvent {
    field: '$.notice.arguments'
    value: Uint8Array
  }

  export interface PortableMessageNoticeBlobsFieldEvent {
    field: '$.notice.blobs[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<PortableMessage>): Uint8Array {
    return encodeMessage(obj, PortableMessage.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableMessage>): PortableMessage {
    return decodeMessage(buf, PortableMessage.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableMessage>): Generator<PortableMessageIdFieldEvent | PortableMessageHelloVersionFieldEvent | PortableMessageHelloMinVersionFieldEvent | PortableMessageHelloAgentFieldEvent | PortableMessageHelloPluginNameFieldEvent | PortableMessageHelloPluginVersionFieldEvent | PortableMessageHelloPluginDescriptionFieldEvent | PortableMessageHelloPluginAuthorFieldEvent | PortableMessageHelloPluginKindsFieldEvent | PortableMessageHelloPluginConfigSchemaFieldEvent | PortableMessageHelloPluginPullersProtocolFieldEvent | PortableMessageHelloPluginPullersPrefixFieldEvent | PortableMessageHelloPluginPushersProtocolFieldEvent | PortableMessageHelloPluginPushersPrefixFieldEvent | PortableMessageHelloPluginRoutesMethodFieldEvent | PortableMessageHelloPluginRoutesPathFieldEvent | PortableMessageHelloPluginRoutesSummaryFieldEvent | PortableMessageHelloPluginRoutesPublicFieldEvent | PortableMessageHelloPluginProvidesFieldEvent | PortableMessageHelloPluginEventsFieldEvent | PortableMessageHelloPluginUsesFieldEvent | PortableMessageAnswerCodeFieldEvent | PortableMessageAnswerMessageFieldEvent | PortableMessageAnswerBodyFieldEvent | PortableMessageAnswerFlagFieldEvent | PortableMessageAnswerEntriesKeyFieldEvent | PortableMessageAnswerEntriesValueFieldEvent | PortableMessageAnswerPathFieldEvent | PortableMessageAnswerTracksIdFieldEvent | PortableMessageAnswerTracksKindFieldEvent | PortableMessageAnswerTracksCodecFieldEvent | PortableMessageAnswerTracksDescriptionFieldEvent | PortableMessageAnswerTracksWidthFieldEvent | PortableMessageAnswerTracksHeightFieldEvent | PortableMessageAnswerTracksSampleRateFieldEvent | PortableMessageAnswerTracksChannelsFieldEvent | PortableMessageAnswerBlobsFieldEvent | PortableMessageStartConfigFieldEvent | PortableMessageStartNodeIdFieldEvent | PortableMessageStartNodeNameFieldEvent | PortableMessageStartDataDirFieldEvent | PortableMessageStartLimitsMaxMessageFieldEvent | PortableMessageStartLimitsWindowFieldEvent | PortableMessageStartLimitsCallsFieldEvent | PortableMessageStartLimitsStreamsFieldEvent | PortableMessagePayloadPeerFieldEvent | PortableMessagePayloadKindFieldEvent | PortableMessagePayloadBodyFieldEvent | PortableMessageForgottenPeerFieldEvent | PortableMessageJobFactoryFieldEvent | PortableMessageJobPushFieldEvent | PortableMessageJobUrlFieldEvent | PortableMessageJobPathFieldEvent | PortableMessageJobOptionsFieldEvent | PortableMessageHttpRouteFieldEvent | PortableMessageHttpRequestFieldEvent | PortableMessageEventTopicFieldEvent | PortableMessageEventEventFieldEvent | PortableMessageSendModeFieldEvent | PortableMessageSendPeerFieldEvent | PortableMessageSendKindFieldEvent | PortableMessageSendBodyFieldEvent | PortableMessageSendTimeoutFieldEvent | PortableMessageStoreOpFieldEvent | PortableMessageStoreKeyFieldEvent | PortableMessageStoreValueFieldEvent | PortableMessageStoreAfterFieldEvent | PortableMessageQueryTopicFieldEvent | PortableMessageSignBytesFieldEvent | PortableMessagePublishPathFieldEvent | PortableMessagePublishTracksIdFieldEvent | PortableMessagePublishTracksKindFieldEvent | PortableMessagePublishTracksCodecFieldEvent | PortableMessagePublishTracksDescriptionFieldEvent | PortableMessagePublishTracksWidthFieldEvent | PortableMessagePublishTracksHeightFieldEvent | PortableMessagePublishTracksSampleRateFieldEvent | PortableMessagePublishTracksChannelsFieldEvent | PortableMessagePublishTakeoverFieldEvent | PortableMessagePublishPublishTimeoutFieldEvent | PortableMessagePublishIdleTimeoutFieldEvent | PortableMessagePublishJobFieldEvent | PortableMessageSubscribePathFieldEvent | PortableMessageSubscribeStartFieldEvent | PortableMessageSubscribeBufferedFieldEvent | PortableMessageSubscribeKindsFieldEvent | PortableMessageSubscribeMaxLatencyFieldEvent | PortableMessageSubscribeWaitFieldEvent | PortableMessageSubscribeJobFieldEvent | PortableMessageLogLevelFieldEvent | PortableMessageLogMessageFieldEvent | PortableMessageLogFieldsFieldEvent | PortableMessageTaskNameFieldEvent | PortableMessageTaskStateFieldEvent | PortableMessageTaskTextFieldEvent | PortableMessageTaskDoneFieldEvent | PortableMessageTaskTotalFieldEvent | PortableMessageFramesRecordsFieldEvent | PortableMessageFramesDroppedFieldEvent | PortableMessageTracksTracksIdFieldEvent | PortableMessageTracksTracksKindFieldEvent | PortableMessageTracksTracksCodecFieldEvent | PortableMessageTracksTracksDescriptionFieldEvent | PortableMessageTracksTracksWidthFieldEvent | PortableMessageTracksTracksHeightFieldEvent | PortableMessageTracksTracksSampleRateFieldEvent | PortableMessageTracksTracksChannelsFieldEvent | PortableMessageCreditBytesFieldEvent | PortableMessageCloseCodeFieldEvent | PortableMessageCloseMessageFieldEvent | PortableMessageServiceSlotFieldEvent | PortableMessageServiceMethodFieldEvent | PortableMessageServiceArgumentsFieldEvent | PortableMessageServiceBlobsFieldEvent | PortableMessageNoticeSlotFieldEvent | PortableMessageNoticeMethodFieldEvent | PortableMessageNoticeArgumentsFieldEvent | PortableMessageNoticeBlobsFieldEvent> {
    return streamMessage(buf, PortableMessage.codec(), opts)
  }
}

export interface Hello {
  version: number
  minVersion: number
  agent: string
  plugin?: Description
}

export namespace Hello {
  let _codec: Codec<Hello>

  export const codec = (): Codec<Hello> => {
    if (_codec == null) {
      _codec = message<Hello>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.version != null && obj.version !== 0)) {
          w.uint32(8)
          w.uint32(obj.version)
        }

        if ((obj.minVersion != null && obj.minVersion !== 0)) {
          w.uint32(16)
          w.uint32(obj.minVersion)
        }

        if ((obj.agent != null && obj.agent !== '')) {
          w.uint32(26)
          w.string(obj.agent)
        }

        if (obj.plugin != null) {
          w.uint32(34)
          Description.codec().encode(obj.plugin, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          version: 0,
          minVersion: 0,
          agent: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.version = reader.uint32()
              break
            }
            case 2: {
              obj.minVersion = reader.uint32()
              break
            }
            case 3: {
              obj.agent = reader.string()
              break
            }
            case 4: {
              obj.plugin = Description.codec().decode(reader, reader.uint32(), opts.limits?.plugin == null ? {} : { limits: opts.limits.plugin })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.version`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.minVersion`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.agent`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield * Description.codec().stream(reader, reader.uint32(), `${prefix}.plugin`, opts.limits?.plugin == null ? {} : { limits: opts.limits.plugin })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HelloVersionFieldEvent {
    field: '$.version'
    value: number
  }

  export interface HelloMinVersionFieldEvent {
    field: '$.minVersion'
    value: number
  }

  export interface HelloAgentFieldEvent {
    field: '$.agent'
    value: string
  }

  export interface HelloPluginNameFieldEvent {
    field: '$.plugin.name'
    value: string
  }

  export interface HelloPluginVersionFieldEvent {
    field: '$.plugin.version'
    value: string
  }

  export interface HelloPluginDescriptionFieldEvent {
    field: '$.plugin.description'
    value: string
  }

  export interface HelloPluginAuthorFieldEvent {
    field: '$.plugin.author'
    value: string
  }

  export interface HelloPluginKindsFieldEvent {
    field: '$.plugin.kinds[]'
    index: number
    value: string
  }

  export interface HelloPluginConfigSchemaFieldEvent {
    field: '$.plugin.configSchema'
    value: Uint8Array
  }

  export interface HelloPluginPullersProtocolFieldEvent {
    field: '$.plugin.pullers[].protocol'
    value: string
    index: number
  }

  export interface HelloPluginPullersPrefixFieldEvent {
    field: '$.plugin.pullers[].prefix'
    value: string
    index: number
  }

  export interface HelloPluginPushersProtocolFieldEvent {
    field: '$.plugin.pushers[].protocol'
    value: string
    index: number
  }

  export interface HelloPluginPushersPrefixFieldEvent {
    field: '$.plugin.pushers[].prefix'
    value: string
    index: number
  }

  export interface HelloPluginRoutesMethodFieldEvent {
    field: '$.plugin.routes[].method'
    value: string
    index: number
  }

  export interface HelloPluginRoutesPathFieldEvent {
    field: '$.plugin.routes[].path'
    value: string
    index: number
  }

  export interface HelloPluginRoutesSummaryFieldEvent {
    field: '$.plugin.routes[].summary'
    value: string
    index: number
  }

  export interface HelloPluginRoutesPublicFieldEvent {
    field: '$.plugin.routes[].public'
    value: boolean
    index: number
  }

  export interface HelloPluginProvidesFieldEvent {
    field: '$.plugin.provides[]'
    index: number
    value: string
  }

  export interface HelloPluginEventsFieldEvent {
    field: '$.plugin.events[]'
    index: number
    value: string
  }

  export interface HelloPluginUsesFieldEvent {
    field: '$.plugin.uses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<Hello>): Uint8Array {
    return encodeMessage(obj, Hello.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Hello {
    return decodeMessage(buf, Hello.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Hello>): Generator<HelloVersionFieldEvent | HelloMinVersionFieldEvent | HelloAgentFieldEvent | HelloPluginNameFieldEvent | HelloPluginVersionFieldEvent | HelloPluginDescriptionFieldEvent | HelloPluginAuthorFieldEvent | HelloPluginKindsFieldEvent | HelloPluginConfigSchemaFieldEvent | HelloPluginPullersProtocolFieldEvent | HelloPluginPullersPrefixFieldEvent | HelloPluginPushersProtocolFieldEvent | HelloPluginPushersPrefixFieldEvent | HelloPluginRoutesMethodFieldEvent | HelloPluginRoutesPathFieldEvent | HelloPluginRoutesSummaryFieldEvent | HelloPluginRoutesPublicFieldEvent | HelloPluginProvidesFieldEvent | HelloPluginEventsFieldEvent | HelloPluginUsesFieldEvent> {
    return streamMessage(buf, Hello.codec(), opts)
  }
}

export interface Description {
  name: string
  version: string
  description: string
  author: string
  kinds: string[]
  configSchema: Uint8Array
  pullers: Factory[]
  pushers: Factory[]
  routes: Route[]
  provides: string[]
  events: string[]
  uses: string[]
}

export namespace Description {
  let _codec: Codec<Description>

  export const codec = (): Codec<Description> => {
    if (_codec == null) {
      _codec = message<Description>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.version != null && obj.version !== '')) {
          w.uint32(18)
          w.string(obj.version)
        }

        if ((obj.description != null && obj.description !== '')) {
          w.uint32(26)
          w.string(obj.description)
        }

        if ((obj.author != null && obj.author !== '')) {
          w.uint32(34)
          w.string(obj.author)
        }

        if (obj.kinds != null && obj.kinds.length > 0) {
          for (const value of obj.kinds) {
            w.uint32(42)
            w.string(value)
          }
        }

        if ((obj.configSchema != null && obj.configSchema.byteLength > 0)) {
          w.uint32(50)
          w.bytes(obj.configSchema)
        }

        if (obj.pullers != null && obj.pullers.length > 0) {
          for (const value of obj.pullers) {
            w.uint32(58)
            Factory.codec().encode(value, w)
          }
        }

        if (obj.pushers != null && obj.pushers.length > 0) {
          for (const value of obj.pushers) {
            w.uint32(66)
            Factory.codec().encode(value, w)
          }
        }

        if (obj.routes != null && obj.routes.length > 0) {
          for (const value of obj.routes) {
            w.uint32(74)
            Route.codec().encode(value, w)
          }
        }

        if (obj.provides != null && obj.provides.length > 0) {
          for (const value of obj.provides) {
            w.uint32(82)
            w.string(value)
          }
        }

        if (obj.events != null && obj.events.length > 0) {
          for (const value of obj.events) {
            w.uint32(90)
            w.string(value)
          }
        }

        if (obj.uses != null && obj.uses.length > 0) {
          for (const value of obj.uses) {
            w.uint32(98)
            w.string(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          version: '',
          description: '',
          author: '',
          kinds: [],
          configSchema: uint8ArrayAlloc(0),
          pullers: [],
          pushers: [],
          routes: [],
          provides: [],
          events: [],
          uses: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.version = reader.string()
              break
            }
            case 3: {
              obj.description = reader.string()
              break
            }
            case 4: {
              obj.author = reader.string()
              break
            }
            case 5: {
              if (opts.limits?.kinds != null && obj.kinds.length === opts.limits.kinds) {
                throw new MaxLengthError('Decode error - repeated field "kinds" had too many elements')
              }

              obj.kinds.push(reader.string())
              break
            }
            case 6: {
              obj.configSchema = reader.bytes()
              break
            }
            case 7: {
              if (opts.limits?.pullers != null && obj.pullers.length === opts.limits.pullers) {
                throw new MaxLengthError('Decode error - repeated field "pullers" had too many elements')
              }

              obj.pullers.push(Factory.codec().decode(reader, reader.uint32(), opts.limits?.pullers$ == null ? {} : { limits: opts.limits.pullers$ }))
              break
            }
            case 8: {
              if (opts.limits?.pushers != null && obj.pushers.length === opts.limits.pushers) {
                throw new MaxLengthError('Decode error - repeated field "pushers" had too many elements')
              }

              obj.pushers.push(Factory.codec().decode(reader, reader.uint32(), opts.limits?.pushers$ == null ? {} : { limits: opts.limits.pushers$ }))
              break
            }
            case 9: {
              if (opts.limits?.routes != null && obj.routes.length === opts.limits.routes) {
                throw new MaxLengthError('Decode error - repeated field "routes" had too many elements')
              }

              obj.routes.push(Route.codec().decode(reader, reader.uint32(), opts.limits?.routes$ == null ? {} : { limits: opts.limits.routes$ }))
              break
            }
            case 10: {
              if (opts.limits?.provides != null && obj.provides.length === opts.limits.provides) {
                throw new MaxLengthError('Decode error - repeated field "provides" had too many elements')
              }

              obj.provides.push(reader.string())
              break
            }
            case 11: {
              if (opts.limits?.events != null && obj.events.length === opts.limits.events) {
                throw new MaxLengthError('Decode error - repeated field "events" had too many elements')
              }

              obj.events.push(reader.string())
              break
            }
            case 12: {
              if (opts.limits?.uses != null && obj.uses.length === opts.limits.uses) {
                throw new MaxLengthError('Decode error - repeated field "uses" had too many elements')
              }

              obj.uses.push(reader.string())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          kinds: 0,
          pullers: 0,
          pushers: 0,
          routes: 0,
          provides: 0,
          events: 0,
          uses: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.version`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.description`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.author`,
                value: reader.string()
              }
              break
            }
            case 5: {
              if (opts.limits?.kinds != null && obj.kinds === opts.limits.kinds) {
                throw new MaxLengthError('Streaming decode error - repeated field "kinds" had too many elements')
              }

              yield {
                field: `${prefix}.kinds[]`,
                index: obj.kinds,
                value: reader.string()
              }

              obj.kinds++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.configSchema`,
                value: reader.bytes()
              }
              break
            }
            case 7: {
              if (opts.limits?.pullers != null && obj.pullers === opts.limits.pullers) {
                throw new MaxLengthError('Streaming decode error - repeated field "pullers" had too many elements')
              }

              for (const evt of Factory.codec().stream(reader, reader.uint32(), `${prefix}.pullers[]`, opts.limits?.pullers$ == null ? {} : { limits: opts.limits.pullers$ })) {
                yield {
                  ...evt,
                  index: obj.pullers
                }
              }

              obj.pullers++

              break
            }
            case 8: {
              if (opts.limits?.pushers != null && obj.pushers === opts.limits.pushers) {
                throw new MaxLengthError('Streaming decode error - repeated field "pushers" had too many elements')
              }

              for (const evt of Factory.codec().stream(reader, reader.uint32(), `${prefix}.pushers[]`, opts.limits?.pushers$ == null ? {} : { limits: opts.limits.pushers$ })) {
                yield {
                  ...evt,
                  index: obj.pushers
                }
              }

              obj.pushers++

              break
            }
            case 9: {
              if (opts.limits?.routes != null && obj.routes === opts.limits.routes) {
                throw new MaxLengthError('Streaming decode error - repeated field "routes" had too many elements')
              }

              for (const evt of Route.codec().stream(reader, reader.uint32(), `${prefix}.routes[]`, opts.limits?.routes$ == null ? {} : { limits: opts.limits.routes$ })) {
                yield {
                  ...evt,
                  index: obj.routes
                }
              }

              obj.routes++

              break
            }
            case 10: {
              if (opts.limits?.provides != null && obj.provides === opts.limits.provides) {
                throw new MaxLengthError('Streaming decode error - repeated field "provides" had too many elements')
              }

              yield {
                field: `${prefix}.provides[]`,
                index: obj.provides,
                value: reader.string()
              }

              obj.provides++

              break
            }
            case 11: {
              if (opts.limits?.events != null && obj.events === opts.limits.events) {
                throw new MaxLengthError('Streaming decode error - repeated field "events" had too many elements')
              }

              yield {
                field: `${prefix}.events[]`,
                index: obj.events,
                value: reader.string()
              }

              obj.events++

              break
            }
            case 12: {
              if (opts.limits?.uses != null && obj.uses === opts.limits.uses) {
                throw new MaxLengthError('Streaming decode error - repeated field "uses" had too many elements')
              }

              yield {
                field: `${prefix}.uses[]`,
                index: obj.uses,
                value: reader.string()
              }

              obj.uses++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface DescriptionNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface DescriptionVersionFieldEvent {
    field: '$.version'
    value: string
  }

  export interface DescriptionDescriptionFieldEvent {
    field: '$.description'
    value: string
  }

  export interface DescriptionAuthorFieldEvent {
    field: '$.author'
    value: string
  }

  export interface DescriptionKindsFieldEvent {
    field: '$.kinds[]'
    index: number
    value: string
  }

  export interface DescriptionConfigSchemaFieldEvent {
    field: '$.configSchema'
    value: Uint8Array
  }

  export interface DescriptionPullersProtocolFieldEvent {
    field: '$.pullers[].protocol'
    value: string
    index: number
  }

  export interface DescriptionPullersPrefixFieldEvent {
    field: '$.pullers[].prefix'
    value: string
    index: number
  }

  export interface DescriptionPushersProtocolFieldEvent {
    field: '$.pushers[].protocol'
    value: string
    index: number
  }

  export interface DescriptionPushersPrefixFieldEvent {
    field: '$.pushers[].prefix'
    value: string
    index: number
  }

  export interface DescriptionRoutesMethodFieldEvent {
    field: '$.routes[].method'
    value: string
    index: number
  }

  export interface DescriptionRoutesPathFieldEvent {
    field: '$.routes[].path'
    value: string
    index: number
  }

  export interface DescriptionRoutesSummaryFieldEvent {
    field: '$.routes[].summary'
    value: string
    index: number
  }

  export interface DescriptionRoutesPublicFieldEvent {
    field: '$.routes[].public'
    value: boolean
    index: number
  }

  export interface DescriptionProvidesFieldEvent {
    field: '$.provides[]'
    index: number
    value: string
  }

  export interface DescriptionEventsFieldEvent {
    field: '$.events[]'
    index: number
    value: string
  }

  export interface DescriptionUsesFieldEvent {
    field: '$.uses[]'
    index: number
    value: string
  }

  export function encode (obj: Partial<Description>): Uint8Array {
    return encodeMessage(obj, Description.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Description>): Description {
    return decodeMessage(buf, Description.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Description>): Generator<DescriptionNameFieldEvent | DescriptionVersionFieldEvent | DescriptionDescriptionFieldEvent | DescriptionAuthorFieldEvent | DescriptionKindsFieldEvent | DescriptionConfigSchemaFieldEvent | DescriptionPullersProtocolFieldEvent | DescriptionPullersPrefixFieldEvent | DescriptionPushersProtocolFieldEvent | DescriptionPushersPrefixFieldEvent | DescriptionRoutesMethodFieldEvent | DescriptionRoutesPathFieldEvent | DescriptionRoutesSummaryFieldEvent | DescriptionRoutesPublicFieldEvent | DescriptionProvidesFieldEvent | DescriptionEventsFieldEvent | DescriptionUsesFieldEvent> {
    return streamMessage(buf, Description.codec(), opts)
  }
}

export interface Factory {
  protocol: string
  prefix: string
}

export namespace Factory {
  let _codec: Codec<Factory>

  export const codec = (): Codec<Factory> => {
    if (_codec == null) {
      _codec = message<Factory>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.protocol != null && obj.protocol !== '')) {
          w.uint32(10)
          w.string(obj.protocol)
        }

        if ((obj.prefix != null && obj.prefix !== '')) {
          w.uint32(18)
          w.string(obj.prefix)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          protocol: '',
          prefix: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.protocol = reader.string()
              break
            }
            case 2: {
              obj.prefix = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.protocol`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.prefix`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FactoryProtocolFieldEvent {
    field: '$.protocol'
    value: string
  }

  export interface FactoryPrefixFieldEvent {
    field: '$.prefix'
    value: string
  }

  export function encode (obj: Partial<Factory>): Uint8Array {
    return encodeMessage(obj, Factory.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Factory>): Factory {
    return decodeMessage(buf, Factory.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Factory>): Generator<FactoryProtocolFieldEvent | FactoryPrefixFieldEvent> {
    return streamMessage(buf, Factory.codec(), opts)
  }
}

export interface Route {
  method: string
  path: string
  summary: string
  public: boolean
}

export namespace Route {
  let _codec: Codec<Route>

  export const codec = (): Codec<Route> => {
    if (_codec == null) {
      _codec = message<Route>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.method != null && obj.method !== '')) {
          w.uint32(10)
          w.string(obj.method)
        }

        if ((obj.path != null && obj.path !== '')) {
          w.uint32(18)
          w.string(obj.path)
        }

        if ((obj.summary != null && obj.summary !== '')) {
          w.uint32(26)
          w.string(obj.summary)
        }

        if ((obj.public != null && obj.public !== false)) {
          w.uint32(32)
          w.bool(obj.public)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          method: '',
          path: '',
          summary: '',
          public: false
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.method = reader.string()
              break
            }
            case 2: {
              obj.path = reader.string()
              break
            }
            case 3: {
              obj.summary = reader.string()
              break
            }
            case 4: {
              obj.public = reader.bool()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.method`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.summary`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.public`,
                value: reader.bool()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface RouteMethodFieldEvent {
    field: '$.method'
    value: string
  }

  export interface RoutePathFieldEvent {
    field: '$.path'
    value: string
  }

  export interface RouteSummaryFieldEvent {
    field: '$.summary'
    value: string
  }

  export interface RoutePublicFieldEvent {
    field: '$.public'
    value: boolean
  }

  export function encode (obj: Partial<Route>): Uint8Array {
    return encodeMessage(obj, Route.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Route>): Route {
    return decodeMessage(buf, Route.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Route>): Generator<RouteMethodFieldEvent | RoutePathFieldEvent | RouteSummaryFieldEvent | RoutePublicFieldEvent> {
    return streamMessage(buf, Route.codec(), opts)
  }
}

export interface Answer {
  code: string
  message: string
  body: Uint8Array
  flag: boolean
  entries: Entry[]
  path: string
  tracks: PortableTrack[]
  blobs: Uint8Array[]
}

export namespace Answer {
  let _codec: Codec<Answer>

  export const codec = (): Codec<Answer> => {
    if (_codec == null) {
      _codec = message<Answer>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(10)
          w.string(obj.code)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(18)
          w.string(obj.message)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.body)
        }

        if ((obj.flag != null && obj.flag !== false)) {
          w.uint32(32)
          w.bool(obj.flag)
        }

        if (obj.entries != null && obj.entries.length > 0) {
          for (const value of obj.entries) {
            w.uint32(42)
            Entry.codec().encode(value, w)
          }
        }

        if ((obj.path != null && obj.path !== '')) {
          w.uint32(50)
          w.string(obj.path)
        }

        if (obj.tracks != null && obj.tracks.length > 0) {
          for (const value of obj.tracks) {
            w.uint32(58)
            PortableTrack.codec().encode(value, w)
          }
        }

        if (obj.blobs != null && obj.blobs.length > 0) {
          for (const value of obj.blobs) {
            w.uint32(66)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: '',
          message: '',
          body: uint8ArrayAlloc(0),
          flag: false,
          entries: [],
          path: '',
          tracks: [],
          blobs: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.string()
              break
            }
            case 2: {
              obj.message = reader.string()
              break
            }
            case 3: {
              obj.body = reader.bytes()
              break
            }
            case 4: {
              obj.flag = reader.bool()
              break
            }
            case 5: {
              if (opts.limits?.entries != null && obj.entries.length === opts.limits.entries) {
                throw new MaxLengthError('Decode error - repeated field "entries" had too many elements')
              }

              obj.entries.push(Entry.codec().decode(reader, reader.uint32(), opts.limits?.entries$ == null ? {} : { limits: opts.limits.entries$ }))
              break
            }
            case 6: {
              obj.path = reader.string()
              break
            }
            case 7: {
              if (opts.limits?.tracks != null && obj.tracks.length === opts.limits.tracks) {
                throw new MaxLengthError('Decode error - repeated field "tracks" had too many elements')
              }

              obj.tracks.push(PortableTrack.codec().decode(reader, reader.uint32(), opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ }))
              break
            }
            case 8: {
              if (opts.limits?.blobs != null && obj.blobs.length === opts.limits.blobs) {
                throw new MaxLengthError('Decode error - repeated field "blobs" had too many elements')
              }

              obj.blobs.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          entries: 0,
          tracks: 0,
          blobs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.flag`,
                value: reader.bool()
              }
              break
            }
            case 5: {
              if (opts.limits?.entries != null && obj.entries === opts.limits.entries) {
                throw new MaxLengthError('Streaming decode error - repeated field "entries" had too many elements')
              }

              for (const evt of Entry.codec().stream(reader, reader.uint32(), `${prefix}.entries[]`, opts.limits?.entries$ == null ? {} : { limits: opts.limits.entries$ })) {
                yield {
                  ...evt,
                  index: obj.entries
                }
              }

              obj.entries++

              break
            }
            case 6: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            case 7: {
              if (opts.limits?.tracks != null && obj.tracks === opts.limits.tracks) {
                throw new MaxLengthError('Streaming decode error - repeated field "tracks" had too many elements')
              }

              for (const evt of PortableTrack.codec().stream(reader, reader.uint32(), `${prefix}.tracks[]`, opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ })) {
                yield {
                  ...evt,
                  index: obj.tracks
                }
              }

              obj.tracks++

              break
            }
            case 8: {
              if (opts.limits?.blobs != null && obj.blobs === opts.limits.blobs) {
                throw new MaxLengthError('Streaming decode error - repeated field "blobs" had too many elements')
              }

              yield {
                field: `${prefix}.blobs[]`,
                index: obj.blobs,
                value: reader.bytes()
              }

              obj.blobs++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface AnswerCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface AnswerMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export interface AnswerBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }

  export interface AnswerFlagFieldEvent {
    field: '$.flag'
    value: boolean
  }

  export interface AnswerEntriesKeyFieldEvent {
    field: '$.entries[].key'
    value: string
    index: number
  }

  export interface AnswerEntriesValueFieldEvent {
    field: '$.entries[].value'
    value: Uint8Array
    index: number
  }

  export interface AnswerPathFieldEvent {
    field: '$.path'
    value: string
  }

  export interface AnswerTracksIdFieldEvent {
    field: '$.tracks[].id'
    value: number
    index: number
  }

  export interface AnswerTracksKindFieldEvent {
    field: '$.tracks[].kind'
    value: string
    index: number
  }

  export interface AnswerTracksCodecFieldEvent {
    field: '$.tracks[].codec'
    value: string
    index: number
  }

  export interface AnswerTracksDescriptionFieldEvent {
    field: '$.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface AnswerTracksWidthFieldEvent {
    field: '$.tracks[].width'
    value: number
    index: number
  }

  export interface AnswerTracksHeightFieldEvent {
    field: '$.tracks[].height'
    value: number
    index: number
  }

  export interface AnswerTracksSampleRateFieldEvent {
    field: '$.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface AnswerTracksChannelsFieldEvent {
    field: '$.tracks[].channels'
    value: number
    index: number
  }

  export interface AnswerBlobsFieldEvent {
    field: '$.blobs[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<Answer>): Uint8Array {
    return encodeMessage(obj, Answer.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Answer {
    return decodeMessage(buf, Answer.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Answer>): Generator<AnswerCodeFieldEvent | AnswerMessageFieldEvent | AnswerBodyFieldEvent | AnswerFlagFieldEvent | AnswerEntriesKeyFieldEvent | AnswerEntriesValueFieldEvent | AnswerPathFieldEvent | AnswerTracksIdFieldEvent | AnswerTracksKindFieldEvent | AnswerTracksCodecFieldEvent | AnswerTracksDescriptionFieldEvent | AnswerTracksWidthFieldEvent | AnswerTracksHeightFieldEvent | AnswerTracksSampleRateFieldEvent | AnswerTracksChannelsFieldEvent | AnswerBlobsFieldEvent> {
    return streamMessage(buf, Answer.codec(), opts)
  }
}

export interface Cancel {}

export namespace Cancel {
  let _codec: Codec<Cancel>

  export const codec = (): Codec<Cancel> => {
    if (_codec == null) {
      _codec = message<Cancel>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<Cancel>): Uint8Array {
    return encodeMessage(obj, Cancel.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Cancel {
    return decodeMessage(buf, Cancel.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Cancel>): Generator<{}> {
    return streamMessage(buf, Cancel.codec(), opts)
  }
}

export interface Start {
  config: Uint8Array
  nodeId: string
  nodeName: string
  dataDir: string
  limits?: PortableLimits
}

export namespace Start {
  let _codec: Codec<Start>

  export const codec = (): Codec<Start> => {
    if (_codec == null) {
      _codec = message<Start>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.config != null && obj.config.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.config)
        }

        if ((obj.nodeId != null && obj.nodeId !== '')) {
          w.uint32(18)
          w.string(obj.nodeId)
        }

        if ((obj.nodeName != null && obj.nodeName !== '')) {
          w.uint32(26)
          w.string(obj.nodeName)
        }

        if ((obj.dataDir != null && obj.dataDir !== '')) {
          w.uint32(34)
          w.string(obj.dataDir)
        }

        if (obj.limits != null) {
          w.uint32(42)
          PortableLimits.codec().encode(obj.limits, w)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          config: uint8ArrayAlloc(0),
          nodeId: '',
          nodeName: '',
          dataDir: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.config = reader.bytes()
              break
            }
            case 2: {
              obj.nodeId = reader.string()
              break
            }
            case 3: {
              obj.nodeName = reader.string()
              break
            }
            case 4: {
              obj.dataDir = reader.string()
              break
            }
            case 5: {
              obj.limits = PortableLimits.codec().decode(reader, reader.uint32(), opts.limits?.limits == null ? {} : { limits: opts.limits.limits })
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.config`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.nodeId`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.nodeName`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.dataDir`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield * PortableLimits.codec().stream(reader, reader.uint32(), `${prefix}.limits`, opts.limits?.limits == null ? {} : { limits: opts.limits.limits })

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StartConfigFieldEvent {
    field: '$.config'
    value: Uint8Array
  }

  export interface StartNodeIdFieldEvent {
    field: '$.nodeId'
    value: string
  }

  export interface StartNodeNameFieldEvent {
    field: '$.nodeName'
    value: string
  }

  export interface StartDataDirFieldEvent {
    field: '$.dataDir'
    value: string
  }

  export interface StartLimitsMaxMessageFieldEvent {
    field: '$.limits.maxMessage'
    value: number
  }

  export interface StartLimitsWindowFieldEvent {
    field: '$.limits.window'
    value: number
  }

  export interface StartLimitsCallsFieldEvent {
    field: '$.limits.calls'
    value: number
  }

  export interface StartLimitsStreamsFieldEvent {
    field: '$.limits.streams'
    value: number
  }

  export function encode (obj: Partial<Start>): Uint8Array {
    return encodeMessage(obj, Start.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Start>): Start {
    return decodeMessage(buf, Start.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Start>): Generator<StartConfigFieldEvent | StartNodeIdFieldEvent | StartNodeNameFieldEvent | StartDataDirFieldEvent | StartLimitsMaxMessageFieldEvent | StartLimitsWindowFieldEvent | StartLimitsCallsFieldEvent | StartLimitsStreamsFieldEvent> {
    return streamMessage(buf, Start.codec(), opts)
  }
}

export interface PortableLimits {
  maxMessage: number
  window: number
  calls: number
  streams: number
}

export namespace PortableLimits {
  let _codec: Codec<PortableLimits>

  export const codec = (): Codec<PortableLimits> => {
    if (_codec == null) {
      _codec = message<PortableLimits>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.maxMessage != null && obj.maxMessage !== 0)) {
          w.uint32(8)
          w.uint32(obj.maxMessage)
        }

        if ((obj.window != null && obj.window !== 0)) {
          w.uint32(16)
          w.uint32(obj.window)
        }

        if ((obj.calls != null && obj.calls !== 0)) {
          w.uint32(24)
          w.uint32(obj.calls)
        }

        if ((obj.streams != null && obj.streams !== 0)) {
          w.uint32(32)
          w.uint32(obj.streams)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          maxMessage: 0,
          window: 0,
          calls: 0,
          streams: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.maxMessage = reader.uint32()
              break
            }
            case 2: {
              obj.window = reader.uint32()
              break
            }
            case 3: {
              obj.calls = reader.uint32()
              break
            }
            case 4: {
              obj.streams = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.maxMessage`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.window`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.calls`,
                value: reader.uint32()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.streams`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PortableLimitsMaxMessageFieldEvent {
    field: '$.maxMessage'
    value: number
  }

  export interface PortableLimitsWindowFieldEvent {
    field: '$.window'
    value: number
  }

  export interface PortableLimitsCallsFieldEvent {
    field: '$.calls'
    value: number
  }

  export interface PortableLimitsStreamsFieldEvent {
    field: '$.streams'
    value: number
  }

  export function encode (obj: Partial<PortableLimits>): Uint8Array {
    return encodeMessage(obj, PortableLimits.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableLimits>): PortableLimits {
    return decodeMessage(buf, PortableLimits.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableLimits>): Generator<PortableLimitsMaxMessageFieldEvent | PortableLimitsWindowFieldEvent | PortableLimitsCallsFieldEvent | PortableLimitsStreamsFieldEvent> {
    return streamMessage(buf, PortableLimits.codec(), opts)
  }
}

export interface Payload {
  peer: string
  kind: string
  body: Uint8Array
}

export namespace Payload {
  let _codec: Codec<Payload>

  export const codec = (): Codec<Payload> => {
    if (_codec == null) {
      _codec = message<Payload>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if ((obj.kind != null && obj.kind !== '')) {
          w.uint32(18)
          w.string(obj.kind)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.body)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: '',
          kind: '',
          body: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            case 2: {
              obj.kind = reader.string()
              break
            }
            case 3: {
              obj.body = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.kind`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PayloadPeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export interface PayloadKindFieldEvent {
    field: '$.kind'
    value: string
  }

  export interface PayloadBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }

  export function encode (obj: Partial<Payload>): Uint8Array {
    return encodeMessage(obj, Payload.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Payload>): Payload {
    return decodeMessage(buf, Payload.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Payload>): Generator<PayloadPeerFieldEvent | PayloadKindFieldEvent | PayloadBodyFieldEvent> {
    return streamMessage(buf, Payload.codec(), opts)
  }
}

export interface Forgotten {
  peer: string
}

export namespace Forgotten {
  let _codec: Codec<Forgotten>

  export const codec = (): Codec<Forgotten> => {
    if (_codec == null) {
      _codec = message<Forgotten>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(10)
          w.string(obj.peer)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          peer: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.peer = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ForgottenPeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export function encode (obj: Partial<Forgotten>): Uint8Array {
    return encodeMessage(obj, Forgotten.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Forgotten>): Forgotten {
    return decodeMessage(buf, Forgotten.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Forgotten>): Generator<ForgottenPeerFieldEvent> {
    return streamMessage(buf, Forgotten.codec(), opts)
  }
}

export interface Shutdown {}

export namespace Shutdown {
  let _codec: Codec<Shutdown>

  export const codec = (): Codec<Shutdown> => {
    if (_codec == null) {
      _codec = message<Shutdown>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<Shutdown>): Uint8Array {
    return encodeMessage(obj, Shutdown.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Shutdown>): Shutdown {
    return decodeMessage(buf, Shutdown.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Shutdown>): Generator<{}> {
    return streamMessage(buf, Shutdown.codec(), opts)
  }
}

export interface Job {
  factory: number
  push: boolean
  url: string
  path: string
  options: Uint8Array
}

export namespace Job {
  let _codec: Codec<Job>

  export const codec = (): Codec<Job> => {
    if (_codec == null) {
      _codec = message<Job>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.factory != null && obj.factory !== 0)) {
          w.uint32(8)
          w.uint32(obj.factory)
        }

        if ((obj.push != null && obj.push !== false)) {
          w.uint32(16)
          w.bool(obj.push)
        }

        if ((obj.url != null && obj.url !== '')) {
          w.uint32(26)
          w.string(obj.url)
        }

        if ((obj.path != null && obj.path !== '')) {
          w.uint32(34)
          w.string(obj.path)
        }

        if ((obj.options != null && obj.options.byteLength > 0)) {
          w.uint32(42)
          w.bytes(obj.options)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          factory: 0,
          push: false,
          url: '',
          path: '',
          options: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.factory = reader.uint32()
              break
            }
            case 2: {
              obj.push = reader.bool()
              break
            }
            case 3: {
              obj.url = reader.string()
              break
            }
            case 4: {
              obj.path = reader.string()
              break
            }
            case 5: {
              obj.options = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.factory`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.push`,
                value: reader.bool()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.url`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.options`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface JobFactoryFieldEvent {
    field: '$.factory'
    value: number
  }

  export interface JobPushFieldEvent {
    field: '$.push'
    value: boolean
  }

  export interface JobUrlFieldEvent {
    field: '$.url'
    value: string
  }

  export interface JobPathFieldEvent {
    field: '$.path'
    value: string
  }

  export interface JobOptionsFieldEvent {
    field: '$.options'
    value: Uint8Array
  }

  export function encode (obj: Partial<Job>): Uint8Array {
    return encodeMessage(obj, Job.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Job>): Job {
    return decodeMessage(buf, Job.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Job>): Generator<JobFactoryFieldEvent | JobPushFieldEvent | JobUrlFieldEvent | JobPathFieldEvent | JobOptionsFieldEvent> {
    return streamMessage(buf, Job.codec(), opts)
  }
}

export interface HttpCall {
  route: number
  request: Uint8Array
}

export namespace HttpCall {
  let _codec: Codec<HttpCall>

  export const codec = (): Codec<HttpCall> => {
    if (_codec == null) {
      _codec = message<HttpCall>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.route != null && obj.route !== 0)) {
          w.uint32(8)
          w.uint32(obj.route)
        }

        if ((obj.request != null && obj.request.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.request)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          route: 0,
          request: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.route = reader.uint32()
              break
            }
            case 2: {
              obj.request = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.route`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.request`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface HttpCallRouteFieldEvent {
    field: '$.route'
    value: number
  }

  export interface HttpCallRequestFieldEvent {
    field: '$.request'
    value: Uint8Array
  }

  export function encode (obj: Partial<HttpCall>): Uint8Array {
    return encodeMessage(obj, HttpCall.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HttpCall>): HttpCall {
    return decodeMessage(buf, HttpCall.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<HttpCall>): Generator<HttpCallRouteFieldEvent | HttpCallRequestFieldEvent> {
    return streamMessage(buf, HttpCall.codec(), opts)
  }
}

export interface Event {
  topic: string
  event: Uint8Array
}

export namespace Event {
  let _codec: Codec<Event>

  export const codec = (): Codec<Event> => {
    if (_codec == null) {
      _codec = message<Event>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.topic != null && obj.topic !== '')) {
          w.uint32(10)
          w.string(obj.topic)
        }

        if ((obj.event != null && obj.event.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.event)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          topic: '',
          event: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.topic = reader.string()
              break
            }
            case 2: {
              obj.event = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.topic`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.event`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface EventTopicFieldEvent {
    field: '$.topic'
    value: string
  }

  export interface EventEventFieldEvent {
    field: '$.event'
    value: Uint8Array
  }

  export function encode (obj: Partial<Event>): Uint8Array {
    return encodeMessage(obj, Event.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Event>): Event {
    return decodeMessage(buf, Event.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Event>): Generator<EventTopicFieldEvent | EventEventFieldEvent> {
    return streamMessage(buf, Event.codec(), opts)
  }
}

export interface Send {
  mode: number
  peer: string
  kind: string
  body: Uint8Array
  timeout: number
}

export namespace Send {
  let _codec: Codec<Send>

  export const codec = (): Codec<Send> => {
    if (_codec == null) {
      _codec = message<Send>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.mode != null && obj.mode !== 0)) {
          w.uint32(8)
          w.uint32(obj.mode)
        }

        if ((obj.peer != null && obj.peer !== '')) {
          w.uint32(18)
          w.string(obj.peer)
        }

        if ((obj.kind != null && obj.kind !== '')) {
          w.uint32(26)
          w.string(obj.kind)
        }

        if ((obj.body != null && obj.body.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.body)
        }

        if ((obj.timeout != null && obj.timeout !== 0)) {
          w.uint32(40)
          w.uint32(obj.timeout)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          mode: 0,
          peer: '',
          kind: '',
          body: uint8ArrayAlloc(0),
          timeout: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.mode = reader.uint32()
              break
            }
            case 2: {
              obj.peer = reader.string()
              break
            }
            case 3: {
              obj.kind = reader.string()
              break
            }
            case 4: {
              obj.body = reader.bytes()
              break
            }
            case 5: {
              obj.timeout = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.mode`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.peer`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.kind`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.body`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.timeout`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface SendModeFieldEvent {
    field: '$.mode'
    value: number
  }

  export interface SendPeerFieldEvent {
    field: '$.peer'
    value: string
  }

  export interface SendKindFieldEvent {
    field: '$.kind'
    value: string
  }

  export interface SendBodyFieldEvent {
    field: '$.body'
    value: Uint8Array
  }

  export interface SendTimeoutFieldEvent {
    field: '$.timeout'
    value: number
  }

  export function encode (obj: Partial<Send>): Uint8Array {
    return encodeMessage(obj, Send.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Send>): Send {
    return decodeMessage(buf, Send.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Send>): Generator<SendModeFieldEvent | SendPeerFieldEvent | SendKindFieldEvent | SendBodyFieldEvent | SendTimeoutFieldEvent> {
    return streamMessage(buf, Send.codec(), opts)
  }
}

export interface StoreCall {
  op: number
  key: string
  value: Uint8Array
  after: string
}

export namespace StoreCall {
  let _codec: Codec<StoreCall>

  export const codec = (): Codec<StoreCall> => {
    if (_codec == null) {
      _codec = message<StoreCall>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.op != null && obj.op !== 0)) {
          w.uint32(8)
          w.uint32(obj.op)
        }

        if ((obj.key != null && obj.key !== '')) {
          w.uint32(18)
          w.string(obj.key)
        }

        if ((obj.value != null && obj.value.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.value)
        }

        if ((obj.after != null && obj.after !== '')) {
          w.uint32(34)
          w.string(obj.after)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          op: 0,
          key: '',
          value: uint8ArrayAlloc(0),
          after: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.op = reader.uint32()
              break
            }
            case 2: {
              obj.key = reader.string()
              break
            }
            case 3: {
              obj.value = reader.bytes()
              break
            }
            case 4: {
              obj.after = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.op`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.key`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.value`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.after`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface StoreCallOpFieldEvent {
    field: '$.op'
    value: number
  }

  export interface StoreCallKeyFieldEvent {
    field: '$.key'
    value: string
  }

  export interface StoreCallValueFieldEvent {
    field: '$.value'
    value: Uint8Array
  }

  export interface StoreCallAfterFieldEvent {
    field: '$.after'
    value: string
  }

  export function encode (obj: Partial<StoreCall>): Uint8Array {
    return encodeMessage(obj, StoreCall.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoreCall>): StoreCall {
    return decodeMessage(buf, StoreCall.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<StoreCall>): Generator<StoreCallOpFieldEvent | StoreCallKeyFieldEvent | StoreCallValueFieldEvent | StoreCallAfterFieldEvent> {
    return streamMessage(buf, StoreCall.codec(), opts)
  }
}

export interface Entry {
  key: string
  value: Uint8Array
}

export namespace Entry {
  let _codec: Codec<Entry>

  export const codec = (): Codec<Entry> => {
    if (_codec == null) {
      _codec = message<Entry>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.key != null && obj.key !== '')) {
          w.uint32(10)
          w.string(obj.key)
        }

        if ((obj.value != null && obj.value.byteLength > 0)) {
          w.uint32(18)
          w.bytes(obj.value)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          key: '',
          value: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.key = reader.string()
              break
            }
            case 2: {
              obj.value = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.key`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.value`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface EntryKeyFieldEvent {
    field: '$.key'
    value: string
  }

  export interface EntryValueFieldEvent {
    field: '$.value'
    value: Uint8Array
  }

  export function encode (obj: Partial<Entry>): Uint8Array {
    return encodeMessage(obj, Entry.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Entry {
    return decodeMessage(buf, Entry.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Entry>): Generator<EntryKeyFieldEvent | EntryValueFieldEvent> {
    return streamMessage(buf, Entry.codec(), opts)
  }
}

export interface Query {
  topic: string
}

export namespace Query {
  let _codec: Codec<Query>

  export const codec = (): Codec<Query> => {
    if (_codec == null) {
      _codec = message<Query>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.topic != null && obj.topic !== '')) {
          w.uint32(10)
          w.string(obj.topic)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          topic: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.topic = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.topic`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface QueryTopicFieldEvent {
    field: '$.topic'
    value: string
  }

  export function encode (obj: Partial<Query>): Uint8Array {
    return encodeMessage(obj, Query.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Query>): Query {
    return decodeMessage(buf, Query.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Query>): Generator<QueryTopicFieldEvent> {
    return streamMessage(buf, Query.codec(), opts)
  }
}

export interface Sign {
  bytes: Uint8Array
}

export namespace Sign {
  let _codec: Codec<Sign>

  export const codec = (): Codec<Sign> => {
    if (_codec == null) {
      _codec = message<Sign>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytes != null && obj.bytes.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytes: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytes = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface SignBytesFieldEvent {
    field: '$.bytes'
    value: Uint8Array
  }

  export function encode (obj: Partial<Sign>): Uint8Array {
    return encodeMessage(obj, Sign.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sign>): Sign {
    return decodeMessage(buf, Sign.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Sign>): Generator<SignBytesFieldEvent> {
    return streamMessage(buf, Sign.codec(), opts)
  }
}

export interface Publish {
  path: string
  tracks: PortableTrack[]
  takeover: boolean
  publishTimeout: number
  idleTimeout: number
  job: number
}

export namespace Publish {
  let _codec: Codec<Publish>

  export const codec = (): Codec<Publish> => {
    if (_codec == null) {
      _codec = message<Publish>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path !== '')) {
          w.uint32(10)
          w.string(obj.path)
        }

        if (obj.tracks != null && obj.tracks.length > 0) {
          for (const value of obj.tracks) {
            w.uint32(18)
            PortableTrack.codec().encode(value, w)
          }
        }

        if ((obj.takeover != null && obj.takeover !== false)) {
          w.uint32(24)
          w.bool(obj.takeover)
        }

        if ((obj.publishTimeout != null && obj.publishTimeout !== 0)) {
          w.uint32(32)
          w.uint32(obj.publishTimeout)
        }

        if ((obj.idleTimeout != null && obj.idleTimeout !== 0)) {
          w.uint32(40)
          w.uint32(obj.idleTimeout)
        }

        if ((obj.job != null && obj.job !== 0)) {
          w.uint32(48)
          w.uint64Number(obj.job)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: '',
          tracks: [],
          takeover: false,
          publishTimeout: 0,
          idleTimeout: 0,
          job: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.string()
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks.length === opts.limits.tracks) {
                throw new MaxLengthError('Decode error - repeated field "tracks" had too many elements')
              }

              obj.tracks.push(PortableTrack.codec().decode(reader, reader.uint32(), opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ }))
              break
            }
            case 3: {
              obj.takeover = reader.bool()
              break
            }
            case 4: {
              obj.publishTimeout = reader.uint32()
              break
            }
            case 5: {
              obj.idleTimeout = reader.uint32()
              break
            }
            case 6: {
              obj.job = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          tracks: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            case 2: {
              if (opts.limits?.tracks != null && obj.tracks === opts.limits.tracks) {
                throw new MaxLengthError('Streaming decode error - repeated field "tracks" had too many elements')
              }

              for (const evt of PortableTrack.codec().stream(reader, reader.uint32(), `${prefix}.tracks[]`, opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ })) {
                yield {
                  ...evt,
                  index: obj.tracks
                }
              }

              obj.tracks++

              break
            }
            case 3: {
              yield {
                field: `${prefix}.takeover`,
                value: reader.bool()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.publishTimeout`,
                value: reader.uint32()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.idleTimeout`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.job`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PublishPathFieldEvent {
    field: '$.path'
    value: string
  }

  export interface PublishTracksIdFieldEvent {
    field: '$.tracks[].id'
    value: number
    index: number
  }

  export interface PublishTracksKindFieldEvent {
    field: '$.tracks[].kind'
    value: string
    index: number
  }

  export interface PublishTracksCodecFieldEvent {
    field: '$.tracks[].codec'
    value: string
    index: number
  }

  export interface PublishTracksDescriptionFieldEvent {
    field: '$.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface PublishTracksWidthFieldEvent {
    field: '$.tracks[].width'
    value: number
    index: number
  }

  export interface PublishTracksHeightFieldEvent {
    field: '$.tracks[].height'
    value: number
    index: number
  }

  export interface PublishTracksSampleRateFieldEvent {
    field: '$.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface PublishTracksChannelsFieldEvent {
    field: '$.tracks[].channels'
    value: number
    index: number
  }

  export interface PublishTakeoverFieldEvent {
    field: '$.takeover'
    value: boolean
  }

  export interface PublishPublishTimeoutFieldEvent {
    field: '$.publishTimeout'
    value: number
  }

  export interface PublishIdleTimeoutFieldEvent {
    field: '$.idleTimeout'
    value: number
  }

  export interface PublishJobFieldEvent {
    field: '$.job'
    value: number
  }

  export function encode (obj: Partial<Publish>): Uint8Array {
    return encodeMessage(obj, Publish.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Publish>): Publish {
    return decodeMessage(buf, Publish.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Publish>): Generator<PublishPathFieldEvent | PublishTracksIdFieldEvent | PublishTracksKindFieldEvent | PublishTracksCodecFieldEvent | PublishTracksDescriptionFieldEvent | PublishTracksWidthFieldEvent | PublishTracksHeightFieldEvent | PublishTracksSampleRateFieldEvent | PublishTracksChannelsFieldEvent | PublishTakeoverFieldEvent | PublishPublishTimeoutFieldEvent | PublishIdleTimeoutFieldEvent | PublishJobFieldEvent> {
    return streamMessage(buf, Publish.codec(), opts)
  }
}

export interface Subscribe {
  path: string
  start: number
  buffered: number
  kinds: string[]
  maxLatency: number
  wait: number
  job: number
}

export namespace Subscribe {
  let _codec: Codec<Subscribe>

  export const codec = (): Codec<Subscribe> => {
    if (_codec == null) {
      _codec = message<Subscribe>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.path != null && obj.path !== '')) {
          w.uint32(10)
          w.string(obj.path)
        }

        if ((obj.start != null && obj.start !== 0)) {
          w.uint32(16)
          w.uint32(obj.start)
        }

        if ((obj.buffered != null && obj.buffered !== 0)) {
          w.uint32(24)
          w.uint64Number(obj.buffered)
        }

        if (obj.kinds != null && obj.kinds.length > 0) {
          for (const value of obj.kinds) {
            w.uint32(34)
            w.string(value)
          }
        }

        if ((obj.maxLatency != null && obj.maxLatency !== 0)) {
          w.uint32(40)
          w.uint32(obj.maxLatency)
        }

        if ((obj.wait != null && obj.wait !== 0)) {
          w.uint32(48)
          w.uint32(obj.wait)
        }

        if ((obj.job != null && obj.job !== 0)) {
          w.uint32(56)
          w.uint64Number(obj.job)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          path: '',
          start: 0,
          buffered: 0,
          kinds: [],
          maxLatency: 0,
          wait: 0,
          job: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.path = reader.string()
              break
            }
            case 2: {
              obj.start = reader.uint32()
              break
            }
            case 3: {
              obj.buffered = reader.uint64Number()
              break
            }
            case 4: {
              if (opts.limits?.kinds != null && obj.kinds.length === opts.limits.kinds) {
                throw new MaxLengthError('Decode error - repeated field "kinds" had too many elements')
              }

              obj.kinds.push(reader.string())
              break
            }
            case 5: {
              obj.maxLatency = reader.uint32()
              break
            }
            case 6: {
              obj.wait = reader.uint32()
              break
            }
            case 7: {
              obj.job = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          kinds: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.path`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.start`,
                value: reader.uint32()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.buffered`,
                value: reader.uint64Number()
              }
              break
            }
            case 4: {
              if (opts.limits?.kinds != null && obj.kinds === opts.limits.kinds) {
                throw new MaxLengthError('Streaming decode error - repeated field "kinds" had too many elements')
              }

              yield {
                field: `${prefix}.kinds[]`,
                index: obj.kinds,
                value: reader.string()
              }

              obj.kinds++

              break
            }
            case 5: {
              yield {
                field: `${prefix}.maxLatency`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.wait`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.job`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface SubscribePathFieldEvent {
    field: '$.path'
    value: string
  }

  export interface SubscribeStartFieldEvent {
    field: '$.start'
    value: number
  }

  export interface SubscribeBufferedFieldEvent {
    field: '$.buffered'
    value: number
  }

  export interface SubscribeKindsFieldEvent {
    field: '$.kinds[]'
    index: number
    value: string
  }

  export interface SubscribeMaxLatencyFieldEvent {
    field: '$.maxLatency'
    value: number
  }

  export interface SubscribeWaitFieldEvent {
    field: '$.wait'
    value: number
  }

  export interface SubscribeJobFieldEvent {
    field: '$.job'
    value: number
  }

  export function encode (obj: Partial<Subscribe>): Uint8Array {
    return encodeMessage(obj, Subscribe.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Subscribe>): Subscribe {
    return decodeMessage(buf, Subscribe.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Subscribe>): Generator<SubscribePathFieldEvent | SubscribeStartFieldEvent | SubscribeBufferedFieldEvent | SubscribeKindsFieldEvent | SubscribeMaxLatencyFieldEvent | SubscribeWaitFieldEvent | SubscribeJobFieldEvent> {
    return streamMessage(buf, Subscribe.codec(), opts)
  }
}

export interface LogLine {
  level: string
  message: string
  fields: Uint8Array
}

export namespace LogLine {
  let _codec: Codec<LogLine>

  export const codec = (): Codec<LogLine> => {
    if (_codec == null) {
      _codec = message<LogLine>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.level != null && obj.level !== '')) {
          w.uint32(10)
          w.string(obj.level)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(18)
          w.string(obj.message)
        }

        if ((obj.fields != null && obj.fields.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.fields)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          level: '',
          message: '',
          fields: uint8ArrayAlloc(0)
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.level = reader.string()
              break
            }
            case 2: {
              obj.message = reader.string()
              break
            }
            case 3: {
              obj.fields = reader.bytes()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.level`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.fields`,
                value: reader.bytes()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface LogLineLevelFieldEvent {
    field: '$.level'
    value: string
  }

  export interface LogLineMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export interface LogLineFieldsFieldEvent {
    field: '$.fields'
    value: Uint8Array
  }

  export function encode (obj: Partial<LogLine>): Uint8Array {
    return encodeMessage(obj, LogLine.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogLine>): LogLine {
    return decodeMessage(buf, LogLine.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<LogLine>): Generator<LogLineLevelFieldEvent | LogLineMessageFieldEvent | LogLineFieldsFieldEvent> {
    return streamMessage(buf, LogLine.codec(), opts)
  }
}

export interface Frames {
  records: Uint8Array
  dropped: number
}

export namespace Frames {
  let _codec: Codec<Frames>

  export const codec = (): Codec<Frames> => {
    if (_codec == null) {
      _codec = message<Frames>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.records != null && obj.records.byteLength > 0)) {
          w.uint32(10)
          w.bytes(obj.records)
        }

        if ((obj.dropped != null && obj.dropped !== 0)) {
          w.uint32(16)
          w.uint64Number(obj.dropped)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          records: uint8ArrayAlloc(0),
          dropped: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.records = reader.bytes()
              break
            }
            case 2: {
              obj.dropped = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.records`,
                value: reader.bytes()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.dropped`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface FramesRecordsFieldEvent {
    field: '$.records'
    value: Uint8Array
  }

  export interface FramesDroppedFieldEvent {
    field: '$.dropped'
    value: number
  }

  export function encode (obj: Partial<Frames>): Uint8Array {
    return encodeMessage(obj, Frames.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frames>): Frames {
    return decodeMessage(buf, Frames.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Frames>): Generator<FramesRecordsFieldEvent | FramesDroppedFieldEvent> {
    return streamMessage(buf, Frames.codec(), opts)
  }
}

export interface Tracks {
  tracks: PortableTrack[]
}

export namespace Tracks {
  let _codec: Codec<Tracks>

  export const codec = (): Codec<Tracks> => {
    if (_codec == null) {
      _codec = message<Tracks>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (obj.tracks != null && obj.tracks.length > 0) {
          for (const value of obj.tracks) {
            w.uint32(10)
            PortableTrack.codec().encode(value, w)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          tracks: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.tracks != null && obj.tracks.length === opts.limits.tracks) {
                throw new MaxLengthError('Decode error - repeated field "tracks" had too many elements')
              }

              obj.tracks.push(PortableTrack.codec().decode(reader, reader.uint32(), opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ }))
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          tracks: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              if (opts.limits?.tracks != null && obj.tracks === opts.limits.tracks) {
                throw new MaxLengthError('Streaming decode error - repeated field "tracks" had too many elements')
              }

              for (const evt of PortableTrack.codec().stream(reader, reader.uint32(), `${prefix}.tracks[]`, opts.limits?.tracks$ == null ? {} : { limits: opts.limits.tracks$ })) {
                yield {
                  ...evt,
                  index: obj.tracks
                }
              }

              obj.tracks++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface TracksTracksIdFieldEvent {
    field: '$.tracks[].id'
    value: number
    index: number
  }

  export interface TracksTracksKindFieldEvent {
    field: '$.tracks[].kind'
    value: string
    index: number
  }

  export interface TracksTracksCodecFieldEvent {
    field: '$.tracks[].codec'
    value: string
    index: number
  }

  export interface TracksTracksDescriptionFieldEvent {
    field: '$.tracks[].description'
    value: Uint8Array
    index: number
  }

  export interface TracksTracksWidthFieldEvent {
    field: '$.tracks[].width'
    value: number
    index: number
  }

  export interface TracksTracksHeightFieldEvent {
    field: '$.tracks[].height'
    value: number
    index: number
  }

  export interface TracksTracksSampleRateFieldEvent {
    field: '$.tracks[].sampleRate'
    value: number
    index: number
  }

  export interface TracksTracksChannelsFieldEvent {
    field: '$.tracks[].channels'
    value: number
    index: number
  }

  export function encode (obj: Partial<Tracks>): Uint8Array {
    return encodeMessage(obj, Tracks.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Tracks>): Tracks {
    return decodeMessage(buf, Tracks.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Tracks>): Generator<TracksTracksIdFieldEvent | TracksTracksKindFieldEvent | TracksTracksCodecFieldEvent | TracksTracksDescriptionFieldEvent | TracksTracksWidthFieldEvent | TracksTracksHeightFieldEvent | TracksTracksSampleRateFieldEvent | TracksTracksChannelsFieldEvent> {
    return streamMessage(buf, Tracks.codec(), opts)
  }
}

export interface Credit {
  bytes: number
}

export namespace Credit {
  let _codec: Codec<Credit>

  export const codec = (): Codec<Credit> => {
    if (_codec == null) {
      _codec = message<Credit>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.bytes != null && obj.bytes !== 0)) {
          w.uint32(8)
          w.uint32(obj.bytes)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          bytes: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.bytes = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.bytes`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CreditBytesFieldEvent {
    field: '$.bytes'
    value: number
  }

  export function encode (obj: Partial<Credit>): Uint8Array {
    return encodeMessage(obj, Credit.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Credit {
    return decodeMessage(buf, Credit.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Credit>): Generator<CreditBytesFieldEvent> {
    return streamMessage(buf, Credit.codec(), opts)
  }
}

export interface KeyWanted {}

export namespace KeyWanted {
  let _codec: Codec<KeyWanted>

  export const codec = (): Codec<KeyWanted> => {
    if (_codec == null) {
      _codec = message<KeyWanted>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {}

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export function encode (obj: Partial<KeyWanted>): Uint8Array {
    return encodeMessage(obj, KeyWanted.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeyWanted>): KeyWanted {
    return decodeMessage(buf, KeyWanted.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<KeyWanted>): Generator<{}> {
    return streamMessage(buf, KeyWanted.codec(), opts)
  }
}

export interface Close {
  code: string
  message: string
}

export namespace Close {
  let _codec: Codec<Close>

  export const codec = (): Codec<Close> => {
    if (_codec == null) {
      _codec = message<Close>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.code != null && obj.code !== '')) {
          w.uint32(10)
          w.string(obj.code)
        }

        if ((obj.message != null && obj.message !== '')) {
          w.uint32(18)
          w.string(obj.message)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          code: '',
          message: ''
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.code = reader.string()
              break
            }
            case 2: {
              obj.message = reader.string()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.code`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.message`,
                value: reader.string()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface CloseCodeFieldEvent {
    field: '$.code'
    value: string
  }

  export interface CloseMessageFieldEvent {
    field: '$.message'
    value: string
  }

  export function encode (obj: Partial<Close>): Uint8Array {
    return encodeMessage(obj, Close.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Close {
    return decodeMessage(buf, Close.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<Close>): Generator<CloseCodeFieldEvent | CloseMessageFieldEvent> {
    return streamMessage(buf, Close.codec(), opts)
  }
}

export interface PortableTrack {
  id: number
  kind: string
  codec: string
  description: Uint8Array
  width: number
  height: number
  sampleRate: number
  channels: number
}

export namespace PortableTrack {
  let _codec: Codec<PortableTrack>

  export const codec = (): Codec<PortableTrack> => {
    if (_codec == null) {
      _codec = message<PortableTrack>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.id != null && obj.id !== 0)) {
          w.uint32(8)
          w.uint32(obj.id)
        }

        if ((obj.kind != null && obj.kind !== '')) {
          w.uint32(18)
          w.string(obj.kind)
        }

        if ((obj.codec != null && obj.codec !== '')) {
          w.uint32(26)
          w.string(obj.codec)
        }

        if ((obj.description != null && obj.description.byteLength > 0)) {
          w.uint32(34)
          w.bytes(obj.description)
        }

        if ((obj.width != null && obj.width !== 0)) {
          w.uint32(40)
          w.uint32(obj.width)
        }

        if ((obj.height != null && obj.height !== 0)) {
          w.uint32(48)
          w.uint32(obj.height)
        }

        if ((obj.sampleRate != null && obj.sampleRate !== 0)) {
          w.uint32(56)
          w.uint32(obj.sampleRate)
        }

        if ((obj.channels != null && obj.channels !== 0)) {
          w.uint32(64)
          w.uint32(obj.channels)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          id: 0,
          kind: '',
          codec: '',
          description: uint8ArrayAlloc(0),
          width: 0,
          height: 0,
          sampleRate: 0,
          channels: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.id = reader.uint32()
              break
            }
            case 2: {
              obj.kind = reader.string()
              break
            }
            case 3: {
              obj.codec = reader.string()
              break
            }
            case 4: {
              obj.description = reader.bytes()
              break
            }
            case 5: {
              obj.width = reader.uint32()
              break
            }
            case 6: {
              obj.height = reader.uint32()
              break
            }
            case 7: {
              obj.sampleRate = reader.uint32()
              break
            }
            case 8: {
              obj.channels = reader.uint32()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.id`,
                value: reader.uint32()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.kind`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.codec`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.description`,
                value: reader.bytes()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.width`,
                value: reader.uint32()
              }
              break
            }
            case 6: {
              yield {
                field: `${prefix}.height`,
                value: reader.uint32()
              }
              break
            }
            case 7: {
              yield {
                field: `${prefix}.sampleRate`,
                value: reader.uint32()
              }
              break
            }
            case 8: {
              yield {
                field: `${prefix}.channels`,
                value: reader.uint32()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface PortableTrackIdFieldEvent {
    field: '$.id'
    value: number
  }

  export interface PortableTrackKindFieldEvent {
    field: '$.kind'
    value: string
  }

  export interface PortableTrackCodecFieldEvent {
    field: '$.codec'
    value: string
  }

  export interface PortableTrackDescriptionFieldEvent {
    field: '$.description'
    value: Uint8Array
  }

  export interface PortableTrackWidthFieldEvent {
    field: '$.width'
    value: number
  }

  export interface PortableTrackHeightFieldEvent {
    field: '$.height'
    value: number
  }

  export interface PortableTrackSampleRateFieldEvent {
    field: '$.sampleRate'
    value: number
  }

  export interface PortableTrackChannelsFieldEvent {
    field: '$.channels'
    value: number
  }

  export function encode (obj: Partial<PortableTrack>): Uint8Array {
    return encodeMessage(obj, PortableTrack.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableTrack>): PortableTrack {
    return decodeMessage(buf, PortableTrack.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<PortableTrack>): Generator<PortableTrackIdFieldEvent | PortableTrackKindFieldEvent | PortableTrackCodecFieldEvent | PortableTrackDescriptionFieldEvent | PortableTrackWidthFieldEvent | PortableTrackHeightFieldEvent | PortableTrackSampleRateFieldEvent | PortableTrackChannelsFieldEvent> {
    return streamMessage(buf, PortableTrack.codec(), opts)
  }
}

export interface ServiceCall {
  slot: string
  method: string
  arguments: Uint8Array
  blobs: Uint8Array[]
}

export namespace ServiceCall {
  let _codec: Codec<ServiceCall>

  export const codec = (): Codec<ServiceCall> => {
    if (_codec == null) {
      _codec = message<ServiceCall>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.slot != null && obj.slot !== '')) {
          w.uint32(10)
          w.string(obj.slot)
        }

        if ((obj.method != null && obj.method !== '')) {
          w.uint32(18)
          w.string(obj.method)
        }

        if ((obj.arguments != null && obj.arguments.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.arguments)
        }

        if (obj.blobs != null && obj.blobs.length > 0) {
          for (const value of obj.blobs) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          slot: '',
          method: '',
          arguments: uint8ArrayAlloc(0),
          blobs: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.slot = reader.string()
              break
            }
            case 2: {
              obj.method = reader.string()
              break
            }
            case 3: {
              obj.arguments = reader.bytes()
              break
            }
            case 4: {
              if (opts.limits?.blobs != null && obj.blobs.length === opts.limits.blobs) {
                throw new MaxLengthError('Decode error - repeated field "blobs" had too many elements')
              }

              obj.blobs.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          blobs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.slot`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.method`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.arguments`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              if (opts.limits?.blobs != null && obj.blobs === opts.limits.blobs) {
                throw new MaxLengthError('Streaming decode error - repeated field "blobs" had too many elements')
              }

              yield {
                field: `${prefix}.blobs[]`,
                index: obj.blobs,
                value: reader.bytes()
              }

              obj.blobs++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ServiceCallSlotFieldEvent {
    field: '$.slot'
    value: string
  }

  export interface ServiceCallMethodFieldEvent {
    field: '$.method'
    value: string
  }

  export interface ServiceCallArgumentsFieldEvent {
    field: '$.arguments'
    value: Uint8Array
  }

  export interface ServiceCallBlobsFieldEvent {
    field: '$.blobs[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<ServiceCall>): Uint8Array {
    return encodeMessage(obj, ServiceCall.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ServiceCall>): ServiceCall {
    return decodeMessage(buf, ServiceCall.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ServiceCall>): Generator<ServiceCallSlotFieldEvent | ServiceCallMethodFieldEvent | ServiceCallArgumentsFieldEvent | ServiceCallBlobsFieldEvent> {
    return streamMessage(buf, ServiceCall.codec(), opts)
  }
}

export interface ServiceNotice {
  slot: string
  method: string
  arguments: Uint8Array
  blobs: Uint8Array[]
}

export namespace ServiceNotice {
  let _codec: Codec<ServiceNotice>

  export const codec = (): Codec<ServiceNotice> => {
    if (_codec == null) {
      _codec = message<ServiceNotice>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.slot != null && obj.slot !== '')) {
          w.uint32(10)
          w.string(obj.slot)
        }

        if ((obj.method != null && obj.method !== '')) {
          w.uint32(18)
          w.string(obj.method)
        }

        if ((obj.arguments != null && obj.arguments.byteLength > 0)) {
          w.uint32(26)
          w.bytes(obj.arguments)
        }

        if (obj.blobs != null && obj.blobs.length > 0) {
          for (const value of obj.blobs) {
            w.uint32(34)
            w.bytes(value)
          }
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          slot: '',
          method: '',
          arguments: uint8ArrayAlloc(0),
          blobs: []
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.slot = reader.string()
              break
            }
            case 2: {
              obj.method = reader.string()
              break
            }
            case 3: {
              obj.arguments = reader.bytes()
              break
            }
            case 4: {
              if (opts.limits?.blobs != null && obj.blobs.length === opts.limits.blobs) {
                throw new MaxLengthError('Decode error - repeated field "blobs" had too many elements')
              }

              obj.blobs.push(reader.bytes())
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const obj = {
          blobs: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.slot`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.method`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.arguments`,
                value: reader.bytes()
              }
              break
            }
            case 4: {
              if (opts.limits?.blobs != null && obj.blobs === opts.limits.blobs) {
                throw new MaxLengthError('Streaming decode error - repeated field "blobs" had too many elements')
              }

              yield {
                field: `${prefix}.blobs[]`,
                index: obj.blobs,
                value: reader.bytes()
              }

              obj.blobs++

              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface ServiceNoticeSlotFieldEvent {
    field: '$.slot'
    value: string
  }

  export interface ServiceNoticeMethodFieldEvent {
    field: '$.method'
    value: string
  }

  export interface ServiceNoticeArgumentsFieldEvent {
    field: '$.arguments'
    value: Uint8Array
  }

  export interface ServiceNoticeBlobsFieldEvent {
    field: '$.blobs[]'
    index: number
    value: Uint8Array
  }

  export function encode (obj: Partial<ServiceNotice>): Uint8Array {
    return encodeMessage(obj, ServiceNotice.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ServiceNotice>): ServiceNotice {
    return decodeMessage(buf, ServiceNotice.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<ServiceNotice>): Generator<ServiceNoticeSlotFieldEvent | ServiceNoticeMethodFieldEvent | ServiceNoticeArgumentsFieldEvent | ServiceNoticeBlobsFieldEvent> {
    return streamMessage(buf, ServiceNotice.codec(), opts)
  }
}

export interface TaskReport {
  name: string
  state: string
  text: string
  done: number
  total: number
}

export namespace TaskReport {
  let _codec: Codec<TaskReport>

  export const codec = (): Codec<TaskReport> => {
    if (_codec == null) {
      _codec = message<TaskReport>((obj, w, opts = {}) => {
        if (opts.lengthDelimited !== false) {
          w.fork()
        }

        if ((obj.name != null && obj.name !== '')) {
          w.uint32(10)
          w.string(obj.name)
        }

        if ((obj.state != null && obj.state !== '')) {
          w.uint32(18)
          w.string(obj.state)
        }

        if ((obj.text != null && obj.text !== '')) {
          w.uint32(26)
          w.string(obj.text)
        }

        if ((obj.done != null && obj.done !== 0)) {
          w.uint32(32)
          w.uint64Number(obj.done)
        }

        if ((obj.total != null && obj.total !== 0)) {
          w.uint32(40)
          w.uint64Number(obj.total)
        }

        if (opts.lengthDelimited !== false) {
          w.ldelim()
        }
      }, (reader, length, opts = {}) => {
        const obj: any = {
          name: '',
          state: '',
          text: '',
          done: 0,
          total: 0
        }

        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              obj.name = reader.string()
              break
            }
            case 2: {
              obj.state = reader.string()
              break
            }
            case 3: {
              obj.text = reader.string()
              break
            }
            case 4: {
              obj.done = reader.uint64Number()
              break
            }
            case 5: {
              obj.total = reader.uint64Number()
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }

        return obj
      }, function * (reader, length, prefix, opts = {}) {
        const end = length == null ? reader.len : reader.pos + length

        while (reader.pos < end) {
          const tag = reader.uint32()

          switch (tag >>> 3) {
            case 1: {
              yield {
                field: `${prefix}.name`,
                value: reader.string()
              }
              break
            }
            case 2: {
              yield {
                field: `${prefix}.state`,
                value: reader.string()
              }
              break
            }
            case 3: {
              yield {
                field: `${prefix}.text`,
                value: reader.string()
              }
              break
            }
            case 4: {
              yield {
                field: `${prefix}.done`,
                value: reader.uint64Number()
              }
              break
            }
            case 5: {
              yield {
                field: `${prefix}.total`,
                value: reader.uint64Number()
              }
              break
            }
            default: {
              reader.skipType(tag & 7)
              break
            }
          }
        }
      })
    }

    return _codec
  }

  export interface TaskReportNameFieldEvent {
    field: '$.name'
    value: string
  }

  export interface TaskReportStateFieldEvent {
    field: '$.state'
    value: string
  }

  export interface TaskReportTextFieldEvent {
    field: '$.text'
    value: string
  }

  export interface TaskReportDoneFieldEvent {
    field: '$.done'
    value: number
  }

  export interface TaskReportTotalFieldEvent {
    field: '$.total'
    value: number
  }

  export function encode (obj: Partial<TaskReport>): Uint8Array {
    return encodeMessage(obj, TaskReport.codec())
  }

  export function decode (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TaskReport>): TaskReport {
    return decodeMessage(buf, TaskReport.codec(), opts)
  }

  export function stream (buf: Uint8Array | Uint8ArrayList, opts?: DecodeOptions<TaskReport>): Generator<TaskReportNameFieldEvent | TaskReportStateFieldEvent | TaskReportTextFieldEvent | TaskReportDoneFieldEvent | TaskReportTotalFieldEvent> {
    return streamMessage(buf, TaskReport.codec(), opts)
  }
}
