package plugin

import (
	"context"
	"io"
	"testing"
)

// openedStream runs a call that opens a stream, and answers it.
func openedStream[T any](d *daemon, part int, call func() (T, error)) (uint64, T) {
	d.t.Helper()
	result := within(d.t, "the stream", func() T {
		made, err := call()
		if err != nil {
			d.t.Error(err)
		}
		return made
	})
	id := d.expect(part).id
	d.reply(id, answer{path: "a/b", tracks: nil})
	return id, result()
}

func (d *daemon) frames(id uint64, dropped uint64, frames ...Frame) {
	d.t.Helper()
	var records []byte
	for i := range frames {
		records = append(appendHead(records, &frames[i]), frames[i].Data...)
	}
	d.send(id, partFrames, func(e *encoder) { e.bytes(1, records); e.uint(2, dropped) })
}

func TestAPublicationWaitsForCredit(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	ctx := context.Background()
	id, publication := openedStream(d, partPublish, func() (*Publication, error) {
		return d.ctx.Publish(ctx, "a/b", []Track{{ID: 1, Kind: "data", Codec: "text"}})
	})
	same(t, "path", publication.Path(), "a/b")
	first := within(t, "the first frame", func() error { return publication.Write(ctx, Frame{Data: make([]byte, 600)}) })
	d.expect(partFrames)
	same(t, "first", first(), nil)
	brief, cancel := context.WithCancel(ctx)
	second := within(t, "the second frame", func() error { return publication.Write(brief, Frame{Data: make([]byte, 600)}) })
	cancel()
	same(t, "without credit", CodeOf(second()), "ERR_ABORTED")
	third := within(t, "the third frame", func() error { return publication.Write(ctx, Frame{Data: make([]byte, 600)}) })
	d.send(id, partCredit, func(e *encoder) { e.uint(1, 632) })
	d.expect(partFrames)
	same(t, "with credit", third(), nil)
	d.send(id, partClose, func(e *encoder) { e.text(1, "ERR_TAKEN_OVER"); e.text(2, "enough") })
	within(t, "the end", func() struct{} { return <-publication.Done() })()
	same(t, "over", []string{CodeOf(publication.Write(ctx, Frame{})), CodeOf(publication.Err())}, []string{"ERR_TAKEN_OVER", "ERR_TAKEN_OVER"})
	same(t, "too large", CodeOf(publication.Write(ctx, Frame{Data: make([]byte, maxFrame+1)})), "ERR_FRAME_INVALID")
}

func TestWishesForKeyFramesGoBothWays(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	ctx := context.Background()
	id, publication := openedStream(d, partPublish, func() (*Publication, error) { return d.ctx.Publish(ctx, "a/b", nil) })
	d.send(id, partKeyWanted, func(*encoder) {})
	d.send(id, partKeyWanted, func(*encoder) {})
	within(t, "the wish", func() struct{} { return <-publication.KeyWanted() })()
	other, subscription := openedStream(d, partSubscribe, func() (*Subscription, error) { return d.ctx.Subscribe(ctx, "a/b") })
	said := within(t, "what is said", func() error {
		subscription.WantKey()
		err := subscription.Close()
		subscription.WantKey()
		return err
	})
	same(t, "asks", d.expect(partKeyWanted).id, other)
	same(t, "is over", d.expect(partClose).id, other)
	same(t, "nothing more", said(), nil)
}

func TestBatchesAreCut(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	ctx := context.Background()
	_, publication := openedStream(d, partPublish, func() (*Publication, error) { return d.ctx.Publish(ctx, "a/b", nil) })
	publication.credit, publication.window = 1<<24, 1<<24
	frames := make([]Frame, 2000)
	for i := range frames {
		frames[i] = Frame{Timestamp: int64(i), Data: []byte("x")}
	}
	result := within(t, "the frames", func() error { return publication.WriteBatch(ctx, frames) })
	seen := 0
	for seen < len(frames) {
		var records []byte
		if err := texts(d.expect(partFrames).body, map[int]any{1: &records}); err != nil {
			t.Fatal(err)
		}
		got, err := decodeRecords(records)
		if err != nil || len(got) > batchFrames || got[0].Timestamp != int64(seen) {
			t.Fatal(len(got), err)
		}
		seen += len(got)
	}
	same(t, "result", result(), nil)
}

func TestASubscriptionGivesCreditBack(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	ctx := context.Background()
	id, subscription := openedStream(d, partSubscribe, func() (*Subscription, error) { return d.ctx.Subscribe(ctx, "a/b") })
	frame := Frame{Track: 1, Timestamp: 7, Key: true, Data: []byte("hi")}
	d.frames(id, 4, frame)
	d.send(id, partTracks, func(e *encoder) { encodeTracks(e, 1, []Track{{ID: 2, Kind: "data", Codec: "json"}}) })
	d.frames(id, 4, frame, frame)
	d.send(id, partClose, nil)
	for _, wanted := range []struct{ frames, tracks, credit int }{{1, 0, 34}, {2, 1, 68}} {
		read := within(t, "frames", func() []Frame {
			frames, _ := subscription.Read(ctx)
			return frames
		})
		credit := d.expect(partCredit)
		var count uint64
		_ = texts(credit.body, map[int]any{1: &count})
		same(t, "batch", []any{len(read()), len(subscription.Tracks()), count, subscription.Dropped()}, []any{wanted.frames, wanted.tracks, wanted.credit, 4})
	}
	if _, err := subscription.Read(ctx); err != io.EOF {
		t.Fatal(err)
	}
}

func TestADaemonThatSendsTooMuchIsRefused(t *testing.T) {
	d := play(t, &Plugin{}, "{}")
	d.answer()
	id, _ := openedStream(d, partSubscribe, func() (*Subscription, error) { return d.ctx.Subscribe(context.Background(), "a/b") })
	d.frames(id, 0, Frame{Data: make([]byte, 2000)})
	err := within(t, "the end", func() error { return <-d.ended })()
	if err == nil {
		t.Fatal("it was taken")
	}
	d.ended <- nil
}

func pulling(job *Job) error {
	var options struct{ Fail, Panic bool }
	if err := job.Options(&options); err != nil {
		return err
	}
	if options.Fail {
		return NewError("ERR_SOURCE_FAILED", "nothing there")
	}
	if options.Panic {
		panic("oops")
	}
	if _, err := job.Publish(Track{ID: 1, Kind: "data", Codec: "text"}); err != nil {
		return err
	}
	<-job.Done()
	return job.Err()
}

func TestAPullEndsWhenItIsCancelled(t *testing.T) {
	d := play(t, &Plugin{Pullers: []Puller{{Protocol: "x", Pull: pulling}}}, "{}")
	d.answer()
	d.send(9, partJob, func(e *encoder) { e.text(3, "x://y"); e.text(4, "y"); e.text(5, "{}") })
	id := d.expect(partPublish).id
	d.reply(id, answer{path: "y"})
	d.send(9, partCancel, nil)
	same(t, "closed", d.expect(partClose).id, id)
	answered, given := d.answer()
	same(t, "answer", []any{answered, given.code}, []any{9, ""})
}

func TestAStreamThatOpensTooLateIsClosed(t *testing.T) {
	d := play(t, &Plugin{Pullers: []Puller{{Protocol: "x", Pull: pulling}}}, "{}")
	d.answer()
	d.send(9, partJob, func(e *encoder) { e.text(3, "x://y") })
	id := d.expect(partPublish).id
	d.send(9, partCancel, nil)
	d.expect(partCancel)
	d.answer()
	d.reply(id, answer{path: "y"})
	same(t, "closed", d.expect(partClose).id, id)
}

func TestAPullThatFailsSaysWhy(t *testing.T) {
	d := play(t, &Plugin{Pullers: []Puller{{Protocol: "x", Pull: pulling}}}, "{}")
	d.answer()
	for options, wanted := range map[string]string{`{"fail":true}`: "ERR_SOURCE_FAILED", `{"panic":true}`: "ERR_PLUGIN_FAILED", `[]`: "ERR_REQUEST_INVALID"} {
		d.send(9, partJob, func(e *encoder) { e.text(3, "x://y"); e.text(5, options) })
		_, given := d.answer()
		same(t, options, given.code, wanted)
	}
}
