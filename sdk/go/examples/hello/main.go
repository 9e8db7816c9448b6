// Hello answers the payload kind go-hello.greet, and counts the greetings in its store.
package main

import (
	"fmt"
	"strconv"

	"shoal/plugin"
)

const schema = `{
	"type": "object",
	"properties": { "greeting": { "type": "string", "default": "hello" } },
	"additionalProperties": false
}`

type settings struct {
	Greeting string `json:"greeting"`
}

func start(ctx *plugin.Context) error {
	var config settings
	if err := ctx.Config(&config); err != nil {
		return err
	}
	ctx.Log.Info("ready to greet", "greeting", config.Greeting)
	return nil
}

func greet(ctx *plugin.Context, peer, _ string, body []byte) ([]byte, error) {
	var config settings
	if err := ctx.Config(&config); err != nil {
		return nil, err
	}
	value, _, err := ctx.Store.Get(ctx, "greeted/"+peer)
	if err != nil {
		return nil, err
	}
	count, _ := strconv.Atoi(string(value))
	count++
	if err := ctx.Store.Set(ctx, "greeted/"+peer, []byte(strconv.Itoa(count))); err != nil {
		return nil, err
	}
	return []byte(fmt.Sprintf("%s %s, for the %d. time", config.Greeting, body, count)), nil
}

func forget(ctx *plugin.Context, peer string) error {
	return ctx.Store.Delete(ctx, "greeted/"+peer)
}

func main() {
	plugin.Run(&plugin.Plugin{
		Name:            "go-hello",
		Version:         "1.0.0",
		Kinds:           []string{"go-hello.greet"},
		ConfigSchema:    schema,
		Start:           start,
		HandlePayload:   greet,
		OnPeerForgotten: forget,
	})
}
