package plugin

import (
	"bytes"
	"errors"
	"math/rand"
	"testing"
)

func TestMessagesGoThereAndBack(t *testing.T) {
	track := Track{ID: 1, Kind: "video", Codec: "avc1", Description: bytes.Repeat([]byte{7}, 300), Width: 640, Height: 360}
	given := answer{code: "ERR_X", message: "ä", body: []byte("b"), flag: true, path: "a/ä", tracks: []Track{track}}
	given.entries, given.blobs = []Entry{{"k", []byte("v")}}, [][]byte{{}, {1}}
	var e encoder
	e.uint(1, 1<<40)
	e.message(partAnswer, given.encode)
	m, err := decodeMessage(e.b)
	if err != nil {
		t.Fatal(err)
	}
	var back answer
	if err := back.decode(m.body); err != nil {
		t.Fatal(err)
	}
	same(t, "head", []any{m.id, m.part}, []any{uint64(1) << 40, partAnswer})
	same(t, "answer", []any{back.code, back.message, back.body, back.flag, back.entries, back.path, back.tracks, back.blobs}, []any{
		given.code, given.message, given.body, given.flag, given.entries, given.path, given.tracks, given.blobs,
	})
	if !bytes.Equal(back.tracks[0].Description, track.Description) {
		t.Fatal("the description of a track is another one")
	}
}

func TestUnknownFieldsAreSkipped(t *testing.T) {
	var e encoder
	e.uint(99, 300)
	e.text(100, "ab")
	e.tag(101, formFixed32)
	e.b = append(e.b, 0, 0, 0, 0)
	e.tag(102, formFixed64)
	e.b = append(e.b, make([]byte, 8)...)
	var given answer
	if err := given.decode(append(e.b, "\x0a\x01x"...)); err != nil || given.code != "x" {
		t.Fatal(given.code, err)
	}
}

func TestTextIsAlwaysUTF8(t *testing.T) {
	var e encoder
	e.text(1, "a\xffb")
	same(t, "text", string(e.b), "\x0a\x05a\uFFFDb")
}

func TestBadBytesAreErrors(t *testing.T) {
	for _, bad := range []string{"\x08", "\x12\x05a", "\x0b", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", "\x3d\x00", "\x00\x00"} {
		if _, err := decodeMessage([]byte(bad)); !errors.Is(err, errWire) {
			t.Errorf("%x: %v", bad, err)
		}
	}
}

func TestRandomBytesAreErrorsOrMessages(t *testing.T) {
	source := rand.New(rand.NewSource(7))
	var sample encoder
	given := answer{code: "x", entries: []Entry{{"k", []byte("v")}}, tracks: []Track{{ID: 1}}}
	given.encode(&sample)
	for i := 0; i < 20_000; i++ {
		data := append([]byte{}, sample.b...)
		if i%2 == 0 {
			data = make([]byte, source.Intn(40))
			source.Read(data)
		} else {
			data[source.Intn(len(data))] = byte(source.Intn(256))
		}
		m, err := decodeMessage(data)
		if err == nil {
			err = (&answer{}).decode(m.body)
		}
		if err == nil {
			err = (&start{}).decode(data)
		}
		if err == nil {
			_, err = decodeCall(data)
		}
		if _, other := decodeRecords(data); err == nil {
			err = other
		}
		if err != nil && !errors.Is(err, errWire) && CodeOf(err) == "" && err.Error() == "" {
			t.Fatal(err)
		}
	}
}

func TestRecords(t *testing.T) {
	frames := []Frame{
		{Track: 1, Timestamp: 1_000_000, Key: true, Data: []byte("abc")},
		{Track: 65_535, Timestamp: -5, DecodeOffset: 40, Duration: 40_000, Data: []byte{}},
	}
	var data []byte
	for i := range frames {
		data = append(appendHead(data, &frames[i]), frames[i].Data...)
	}
	back, err := decodeRecords(data)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "frames", back, frames)
	for _, bad := range [][]byte{data[:len(data)-1], data[:40], append([]byte{2}, data[1:]...)} {
		if _, err := decodeRecords(bad); !errors.Is(err, errWire) {
			t.Fatal(err)
		}
	}
}
