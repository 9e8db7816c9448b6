// Makes streams of my-plugin:// URLs: shoal pull my-plugin://clock/lab/clock?rate=25
package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"shoal/plugin"
)

// source is what a URL asks for.
type source struct {
	rate   int
	frames int
}

func sourceOf(text string) (source, error) {
	asked, err := url.Parse(text)
	if err != nil {
		return source{}, err
	}
	if asked.Host != "clock" {
		return source{}, fmt.Errorf("there is no source called %s", asked.Host)
	}
	found := source{rate: 25}
	if rate, err := strconv.Atoi(asked.Query().Get("rate")); err == nil && rate > 0 {
		found.rate = rate
	}
	if frames, err := strconv.Atoi(asked.Query().Get("frames")); err == nil {
		found.frames = frames
	}
	return found, nil
}

// frame is the count-th one.
func (s source) frame(count int, now time.Time) plugin.Frame {
	return plugin.Frame{Track: 1, Timestamp: int64(count) * 1_000_000 / int64(s.rate), Key: true, Data: []byte(now.Format(time.RFC3339Nano))}
}

// pull lasts as long as the pull: return nil when the source ended, an error to be tried again later, stop when the job is done.
func pull(job *plugin.Job) error {
	asked, err := sourceOf(job.URL)
	if err != nil {
		return err
	}
	publication, err := job.Publish(plugin.Track{ID: 1, Kind: "data", Codec: "text"})
	if err != nil {
		return err
	}
	for count := 0; asked.frames == 0 || count < asked.frames; count++ {
		if err := publication.Write(job, asked.frame(count, time.Now())); err != nil {
			return err
		}
		if !job.Wait(time.Second / time.Duration(asked.rate)) {
			return nil
		}
	}
	return nil
}

func main() {
	plugin.Run(&plugin.Plugin{Name: "my-plugin", Pullers: []plugin.Puller{{Protocol: "my-plugin", Pull: pull}}})
}
