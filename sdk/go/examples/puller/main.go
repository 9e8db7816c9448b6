// Puller makes test streams: gotest://WHAT?rate=25&size=1000&frames=0&group=1 is text, or so many bytes, so many times a second, with a key frame in so many.
package main

import (
	"fmt"
	"net/url"
	"strconv"
	"time"

	"shoal/plugin"
)

func number(query url.Values, name string, otherwise int) int {
	if value, err := strconv.Atoi(query.Get(name)); err == nil {
		return value
	}
	return otherwise
}

func pull(job *plugin.Job) error {
	source, err := url.Parse(job.URL)
	if err != nil || source.Hostname() == "dead" {
		return plugin.NewError("ERR_SOURCE_FAILED", "There is nothing.")
	}
	query := source.Query()
	rate, size, frames := number(query, "rate", 25), number(query, "size", 0), number(query, "frames", 0)
	group := max(number(query, "group", 1), 1)
	publication, err := job.Publish(plugin.Track{ID: 1, Kind: "data", Codec: "text"})
	if err != nil {
		return err
	}
	began := time.Now()
	data := make([]byte, size)
	for count := 0; frames == 0 || count < frames; count++ {
		if size == 0 {
			data = []byte(fmt.Sprintf("%s %d", source.Hostname(), count))
		}
		at := time.Duration(count) * time.Second / time.Duration(max(rate, 1))
		if rate == 0 {
			// as fast as the daemon takes it
			at = time.Duration(count) * time.Millisecond
		} else if !job.Wait(time.Until(began.Add(at))) {
			return nil
		}
		if err := publication.Write(job, plugin.Frame{Timestamp: at.Microseconds(), Key: count%group == 0 || wanted(publication), Data: data}); err != nil {
			return err
		}
	}
	return nil
}

// wanted is true where a reader cannot go on without a key frame.
func wanted(publication *plugin.Publication) bool {
	select {
	case <-publication.KeyWanted():
		return true
	default:
		return false
	}
}

func max(a, b int) int {
	if a > b {
		return a
	}
	return b
}

func main() {
	plugin.Run(&plugin.Plugin{
		Name:    "go-puller",
		Version: "1.0.0",
		Pullers: []plugin.Puller{{Protocol: "gotest", Pull: pull}},
	})
}
