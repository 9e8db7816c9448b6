package main

import (
	"testing"
	"time"
)

func TestFramesAreEvenlySpaced(t *testing.T) {
	asked, err := sourceOf("my-plugin://clock/lab/clock?rate=100&frames=3")
	if err != nil || asked.rate != 100 || asked.frames != 3 {
		t.Fatalf("it reads the URL as %+v, %v", asked, err)
	}
	for count, want := range []int64{0, 10_000, 20_000} {
		if got := asked.frame(count, time.Unix(0, 0)).Timestamp; got != want {
			t.Errorf("frame %d is at %d, not at %d", count, got, want)
		}
	}
}

func TestASourceThatIsNotThereIsAnError(t *testing.T) {
	if _, err := sourceOf("my-plugin://nothing/lab/clock"); err == nil {
		t.Error("it takes any source")
	}
}
