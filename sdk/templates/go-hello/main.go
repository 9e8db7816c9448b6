// Answers payloads of the kind my-plugin.greet: shoal send NODE my-plugin.greet Ada --reply
package main

import "shoal/plugin"

// config is what can be set; the schema below checks it before start.
type config struct {
	Greeting string `json:"greeting"`
}

const schema = `{"type": "object", "properties": {"greeting": {"type": "string", "default": "hello"}}, "additionalProperties": false}`

// newPlugin makes the plugin.
func newPlugin() *plugin.Plugin {
	var set config
	return &plugin.Plugin{
		Name:         "my-plugin",
		Kinds:        []string{"my-plugin.greet"},
		ConfigSchema: schema,
		Start: func(ctx *plugin.Context) error {
			if err := ctx.Config(&set); err != nil {
				return err
			}
			ctx.Log.Info("ready to greet", "greeting", set.Greeting)
			return nil
		},
		// what it returns is the reply; an error reaches the sender
		HandlePayload: func(_ *plugin.Context, peer, _ string, body []byte) ([]byte, error) {
			return greet(set, peer, body), nil
		},
	}
}

func greet(set config, peer string, body []byte) []byte {
	name := string(body)
	if name == "" {
		name = peer
	}
	return []byte(set.Greeting + " " + name)
}

func main() {
	plugin.Run(newPlugin())
}
