package plugin

import "encoding/binary"

// headSize is the number of bytes in front of a frame's data.
const headSize = 32

// maxFrame is the largest frame that the daemon takes, in bytes.
const maxFrame = 8 * 1024 * 1024

// Flags of a record.
const (
	flagKey      = 1
	flagDecode   = 2
	flagDuration = 4
)

// Frame is one access unit, audio packet or message. Times are integer microseconds on the clock of the publisher.
type Frame struct {
	// Track is the id of the track it belongs to; 0 when written means 1.
	Track int
	// Timestamp is the presentation time.
	Timestamp int64
	// DecodeOffset is Timestamp minus the decode time, where the two differ (B-frames).
	DecodeOffset int32
	// Duration of the frame; 0 = unknown.
	Duration uint32
	// Key says that a subscriber may join here.
	Key bool
	// Data of the frame; what was read is the reader's own.
	Data []byte
}

// appendHead appends the 32 bytes in front of a frame's data.
func appendHead(out []byte, frame *Frame) []byte {
	flags := byte(0)
	if frame.Key {
		flags |= flagKey
	}
	if frame.DecodeOffset != 0 {
		flags |= flagDecode
	}
	if frame.Duration != 0 {
		flags |= flagDuration
	}
	track := frame.Track
	if track == 0 {
		track = 1
	}
	out = append(out, 1, flags)
	out = binary.BigEndian.AppendUint16(out, uint16(track))
	// group and index, which the daemon gives
	out = append(out, 0, 0, 0, 0, 0, 0, 0, 0)
	out = binary.BigEndian.AppendUint64(out, uint64(frame.Timestamp))
	out = binary.BigEndian.AppendUint32(out, uint32(frame.DecodeOffset))
	out = binary.BigEndian.AppendUint32(out, frame.Duration)
	return binary.BigEndian.AppendUint32(out, uint32(len(frame.Data)))
}

// decodeRecords reads the frames of a batch; their data are views of it.
func decodeRecords(data []byte) ([]Frame, error) {
	var frames []Frame
	for len(data) > 0 {
		if len(data) < headSize {
			return nil, wireError("a batch ends within a header")
		}
		head := data[:headSize]
		size := binary.BigEndian.Uint32(head[28:])
		data = data[headSize:]
		if head[0] != 1 || uint64(size) > uint64(len(data)) {
			return nil, wireError("a batch holds something else than whole frames")
		}
		frame := Frame{
			Track:     int(binary.BigEndian.Uint16(head[2:])),
			Timestamp: int64(binary.BigEndian.Uint64(head[12:])),
			Key:       head[1]&flagKey != 0,
			Data:      data[:size:size],
		}
		if head[1]&flagDecode != 0 {
			frame.DecodeOffset = int32(binary.BigEndian.Uint32(head[20:]))
		}
		if head[1]&flagDuration != 0 {
			frame.Duration = binary.BigEndian.Uint32(head[24:])
		}
		frames = append(frames, frame)
		data = data[size:]
	}
	return frames, nil
}
