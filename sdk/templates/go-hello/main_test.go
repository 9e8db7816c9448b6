package main

import (
	"encoding/json"
	"testing"
)

func TestGreets(t *testing.T) {
	for body, want := range map[string]string{"Ada": "moin Ada", "": "moin 12D3KooWAda"} {
		if got := string(greet(config{Greeting: "moin"}, "12D3KooWAda", []byte(body))); got != want {
			t.Errorf("it greets %q with %q, not %q", body, got, want)
		}
	}
}

func TestSchemaIsJSON(t *testing.T) {
	if !json.Valid([]byte(schema)) {
		t.Error("the schema of the configuration is no JSON")
	}
}
