#!/bin/sh
# Makes examples/sample.flv, the clip that `shoal demo` loops: 10 s, H.264 main 640x360 at 25 frames a second with a key
# frame each second and B-frames, AAC 44.1 kHz stereo. Everything in it has a period that divides 10 s, so it loops cleanly.
# Needs ffmpeg with libx264 and drawtext, and the DejaVu fonts (Debian: apt-get install ffmpeg fonts-dejavu-core).
set -eu
cd "$(dirname "$0")/.."
mono=/usr/share/fonts/truetype/dejavu/DejaVuSansMono-Bold.ttf
sans=/usr/share/fonts/truetype/dejavu/DejaVuSans-Bold.ttf

# fish SIZE COLOR Y CROSSINGS START: one fish that crosses the picture CROSSINGS times in 10 s and bobs up and down.
fish() {
  printf "drawtext=fontfile=%s:text='><((°>':fontsize=%s:fontcolor=%s:x='mod((w+tw)*(%s*t/10+%s),w+tw)-tw':y='%s+8*sin(2*PI*(t/2+%s))'," \
    "$mono" "$1" "$2" "$4" "$5" "$3" "$5"
}

shoal=$(
  fish 16 0x8fd3ff@0.55 70 1 0.10
  fish 14 0x8fd3ff@0.45 110 1 0.45
  fish 15 0x8fd3ff@0.50 250 1 0.75
  fish 22 0xbfe9ff@0.80 95 2 0.30
  fish 20 0xbfe9ff@0.75 225 2 0.62
  fish 24 0xbfe9ff@0.85 265 2 0.95
  fish 18 0xa8deff@0.65 140 1 0.25
  fish 18 0xa8deff@0.65 190 1 0.55
  fish 20 0xbfe9ff@0.75 155 2 0.80
  fish 20 0xbfe9ff@0.75 205 2 0.15
  fish 17 0xa8deff@0.60 285 1 0.40
  fish 30 0xffd479 170 3 0.05
)

ffmpeg -hide_banner -loglevel error -y \
  -f lavfi -i "gradients=s=640x360:r=25:d=0.04:seed=7:c0=0x04253f:c1=0x0b5d7a:nb_colors=2:x0=320:y0=360:x1=320:y1=0,loop=loop=249:size=1,setpts=N/25/TB" \
  -f lavfi -i "color=c=0xffd479:s=8x6:r=25:d=10" \
  -f lavfi -i "aevalsrc=exprs='0.10*sin(2*PI*660*t)*exp(-9*mod(t,1))+0.03*sin(2*PI*110*t)|0.10*sin(2*PI*880*t)*exp(-9*mod(t,1))+0.03*sin(2*PI*165*t)':s=44100:d=9.97" \
  -filter_complex "[0:v]${shoal}
    drawtext=fontfile=${sans}:text='Shoal':fontsize=40:fontcolor=white:x=24:y=16,
    drawtext=fontfile=${mono}:text='%{pts\:hms}':fontsize=34:fontcolor=white:x=w-tw-24:y=20,
    drawtext=fontfile=${mono}:text='frame %{eif\:n\:d\:3}':fontsize=18:fontcolor=white@0.8:x=24:y=322,
    drawtext=fontfile=${mono}:text='%{eif\:t\:d} / 10':fontsize=18:fontcolor=white@0.8:x=w-tw-24:y=322,
    drawbox=x=0:y=350:w=640:h=6:color=black@0.4:t=fill[sea];
    [sea][1:v]overlay=x='632*mod(t,1)':y=350:shortest=1,format=yuv420p[v]" \
  -map '[v]' -map 2:a -t 10 \
  -c:v libx264 -profile:v main -preset veryslow -crf 25 -g 25 -keyint_min 25 -sc_threshold 0 -bf 2 -x264-params b-adapt=0 \
  -c:a aac -b:a 64k -ar 44100 -ac 2 \
  -map_metadata -1 -fflags +bitexact -flags:v +bitexact -flags:a +bitexact \
  examples/sample.flv
