package plugin

// Track is one elementary stream. The words are those of WebCodecs.
type Track struct {
	// ID is 1 to 65,535.
	ID int `json:"id"`
	// Kind is video, audio or data.
	Kind string `json:"kind"`
	// Codec is a codec string: avc1.64001f, opus, text, application/json.
	Codec string `json:"codec"`
	// Description is the configuration of a decoder; nil = none.
	Description []byte `json:"-"`
	// Width of video, in pixels.
	Width int `json:"width,omitempty"`
	// Height of video, in pixels.
	Height int `json:"height,omitempty"`
	// SampleRate of audio, in Hz.
	SampleRate int `json:"sampleRate,omitempty"`
	// Channels of audio.
	Channels int `json:"channels,omitempty"`
}

func (t *Track) encode(e *encoder) {
	e.uint(1, uint64(t.ID))
	e.text(2, t.Kind)
	e.text(3, t.Codec)
	e.bytes(4, t.Description)
	e.uint(5, uint64(t.Width))
	e.uint(6, uint64(t.Height))
	e.uint(7, uint64(t.SampleRate))
	e.uint(8, uint64(t.Channels))
}

func (t *Track) decode(data []byte) error {
	numbers := map[int]*int{1: &t.ID, 5: &t.Width, 6: &t.Height, 7: &t.SampleRate, 8: &t.Channels}
	return eachField(data, func(f field) (err error) {
		switch f.number {
		case 2:
			t.Kind, err = f.text()
		case 3:
			t.Codec, err = f.text()
		case 4:
			t.Description, err = f.bytes()
		default:
			if into := numbers[f.number]; into != nil {
				var value uint64
				value, err = f.uint()
				*into = int(value)
			}
		}
		return err
	})
}

// encodeTracks writes tracks as a repeated field.
func encodeTracks(e *encoder, number int, tracks []Track) {
	for i := range tracks {
		e.message(number, tracks[i].encode)
	}
}

// takeTrack appends one item of a repeated field.
func takeTrack(tracks []Track, f field) ([]Track, error) {
	body, err := f.bytes()
	if err != nil {
		return nil, err
	}
	var track Track
	if err := track.decode(body); err != nil {
		return nil, err
	}
	return append(tracks, track), nil
}
