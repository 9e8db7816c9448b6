// Monitor counts the frames of one stream, and shows the count at GET /go-monitor/count.
package main

import (
	"io"
	"sync/atomic"
	"time"

	"shoal/plugin"
)

const schema = `{ "type": "object", "properties": { "path": { "type": "string", "default": "live/cam" } }, "additionalProperties": false }`

var frames, size atomic.Int64

func start(ctx *plugin.Context) error {
	var config struct {
		Path string `json:"path"`
	}
	if err := ctx.Config(&config); err != nil {
		return err
	}
	ctx.Go("watch", func(ctx *plugin.Context, task *plugin.Task) error {
		for ctx.Wait(200 * time.Millisecond) {
			if err := watch(ctx, config.Path); err != nil {
				ctx.Log.Debug("no stream", "code", plugin.CodeOf(err))
			}
		}
		return nil
	})
	return nil
}

// watch counts until the stream ends.
func watch(ctx *plugin.Context, path string) error {
	subscription, err := ctx.Subscribe(ctx, path, plugin.SubscribeOptions{Wait: 10 * time.Second})
	if err != nil {
		return err
	}
	defer subscription.Close()
	for {
		batch, err := subscription.Read(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		for _, frame := range batch {
			size.Add(int64(len(frame.Data)))
		}
		frames.Add(int64(len(batch)))
	}
}

type counted struct {
	Frames int64 `json:"frames"`
	Bytes  int64 `json:"bytes"`
}

func count(*plugin.Context, *plugin.Request) (any, error) {
	return counted{frames.Load(), size.Load()}, nil
}

func main() {
	plugin.Run(&plugin.Plugin{
		Name:         "go-monitor",
		Version:      "1.0.0",
		ConfigSchema: schema,
		Start:        start,
		Routes:       []plugin.Route{{Method: "GET", Path: "/count", Summary: "Frames and bytes seen so far.", Handle: count}},
	})
}
