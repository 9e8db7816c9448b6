/**
 * Decoder configurations as ffmpeg 5.1 with x264, x265, libaom, SVT-AV1 and libvpx wrote them to MP4, with size and the
 * codec string of ffmpeg's DASH muxer (HEVC: by the rules of ISO/IEC 14496-15 annex E). Each from two frames of
 * `testsrc2` with the options named beside it.
 */

/** A configuration in hex and what it says. */
export interface ConfigCase {
  readonly name: string
  readonly hex: string
  readonly codec: string
  readonly width: number
  readonly height: number
}

const row = (name: string, size: string, codec: string, hex: string): ConfigCase => {
  const [width = 0, height = 0] = size.split('x').map(Number)
  return { name, hex, codec, width, height }
}

export const avcConfigs: readonly ConfigCase[] = [
  row('baseline', '176x144', 'avc1.42c00b', '0142c00bffe100166742c00bd902c4ec0440000003004000000c83c50a9201000568cb83cb20'),
  row('main, cropped', '640x360', 'avc1.4d401e', '014d401effe10018674d401eeca05017fcb808800000030080000019078b16cb01000568ebe3cb20'),
  row('high, cropped', '1920x1080', 'avc1.640028', '01640028ffe1001b67640028acd940780227e5c044000003000400000300c83c60c65801000668ebe3cb22c0fdf8f800'),
  row('high, interlaced', '1920x1080', 'avc1.640028', '01640028ffe1001a67640028acd94078044fde0220000003002000000643e2c5b2c001000668fba3cb22c0fdf8f800'),
  row('high, cropped both ways', '426x240', 'avc1.640015', '01640015ffe1001a67640015acd941b1fe4f011000000300100000030320f162d96001000668ebe3cb22c0fdf8f800'),
  row('high 10', '1280x720', 'avc1.6e001f', '016e001fffe1001a676e001fa6cd9405005bb011000003000100000300320f18319601000668ebe3cb22c0fdfafa00'),
  row('high 4:2:2', '718x404', 'avc1.7a001e', '017a001effe1001b677a001ebcd940b435ea37011000000300100000030320f162d96001000668ebe3cb22c0fef8f800'),
  row('high 4:4:4', '642x362', 'avc1.f4001e', '01f4001effe1001a67f4001e919b281485fc7cf808800000030080000019078b16cb01000668ebe3c44844fff8f800'),
  row('scaling matrix (cqm=jvt)', '854x480', 'avc1.64001e', '0164001effe1001a6764001eacd940d83de6f011000003000100000300320f162d9601000768ebe3cb3002c0fdf8f800'),
  row('grey', '322x182', 'avc1.64000d', '0164000dffe1001b6764000df365054678f8bc05b2000003000200000300641e28532c01000668ebe3cb22c0fcf8f800'),
  row('4K', '3840x2160', 'avc1.42c033', '0142c033ffe100196742c033da00f0010fb011000003000100000300320f1832a001000468ce0fc8'),
  row(
    'sample aspect ratio in the VUI',
    '720x576',
    'avc1.64001e',
    '0164001effe100196764001eacd940b4126c1040000003004000000c83c58b658001000668ebe3cb22c0fdf8f800',
  ),
]

export const hevcConfigs: readonly ConfigCase[] = [
  row(
    'main',
    '640x360',
    'hvc1.1.6.L63.90',
    '0101600000009000000000003ff000fcfdf8f800000f03a00001001840010c01ffff01600000030090000003000003003f959809a10001002a42010101600000030090000003000003003fa00502016965959a4932bc05a02000000300200000030321a2000100074401c172b46240',
  ),
  row(
    'main 10',
    '1920x1080',
    'hvc1.2.4.L120.90',
    '01022000000090000000000078f000fcfdfafa00000f03a00001001840010c01ffff022000000300900000030000030078959809a10001002c420101022000000300900000030000030078a003c08010e4d96566924caf016808000003000800000300c840a2000100074401c172b46240',
  ),
  row(
    'main 4:4:4',
    '426x240',
    'hvc1.4.10.L60.9E.8',
    '0104080000009e08000000003cf000fcfff8f800000f03a00001001740010c01ffff0408000003009e0800000300003c959809a1000100294201010408000003009e0800000300003c9001b101e39fcb2b349265780b4040000003004000000642a2000100084401c172860c4624',
  ),
]

export const av1Configs: readonly ConfigCase[] = [
  row('main (libaom)', '640x360', 'av01.0.01M.08', '81010c000a0b0000000cc4ff6736be4010'),
  row('main 10 bit (SVT-AV1)', '1280x720', 'av01.0.05M.10', '81054c000a0b0000002d4cffb3c02f8404'),
]

/** Bytes of a hex string; spaces are allowed. */
export function hex(text: string): Uint8Array {
  return Uint8Array.from(Buffer.from(text.replaceAll(' ', ''), 'hex'))
}

/** The error code that `run` throws; what else it throws is passed on, and `none` when it does not. */
export function codeOf(run: () => unknown): string {
  try {
    run()
    return 'none'
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.name === 'ShoalError') return String(error.code)
    throw error
  }
}
