// Package plugin lets a Go program be a Shoal plugin: fill in a Plugin and call Run. It needs the standard library only.
package plugin

// Plugin is what the program is, and what happens to it. Handlers may be called in several goroutines at once, but the payloads of one
// peer and kind come one at a time, in order. A panic in a handler is contained: it is answered as an error.
type Plugin struct {
	// Name is [a-z][a-z0-9-]* of at most 40 characters: log scope, URL prefix, name space of the store.
	Name string
	// Version of the plugin.
	Version string
	// Description in a sentence.
	Description string
	// Author of the plugin.
	Author string
	// Kinds of payloads it handles, by custom PLUGIN.WHAT.
	Kinds []string
	// ConfigSchema is a JSON Schema of its configuration: text, or a value whose JSON is the schema; nil = none.
	ConfigSchema any
	// Pullers make URLs of a scheme into streams.
	Pullers []Puller
	// Pushers send streams to URLs of a scheme.
	Pushers []Pusher
	// Routes answer requests under /PLUGIN/.
	Routes []Route
	// Events it wants: peers, streams.
	Events []string
	// Provides are the service slots it fills.
	Provides []Provider
	// Uses are the names of the slots it calls through Context.Services.
	Uses []string

	// Start is called once, when everything is there. An error means that the plugin cannot start. Lasting work belongs into ctx.Go.
	Start func(ctx *Context) error
	// HandlePayload answers a payload of a trusted peer. What it returns is the reply; an error reaches the sender.
	HandlePayload func(ctx *Context, peer, kind string, body []byte) ([]byte, error)
	// OnPeerForgotten removes what is kept of a peer.
	OnPeerForgotten func(ctx *Context, peer string) error
	// OnEvent gets the events that Events asks for, one at a time. What comes while 1,024 wait is left out, and a lagged event tells of it.
	OnEvent func(ctx *Context, event Event)
	// Shutdown is called once, before ctx ends; afterwards the process ends.
	Shutdown func(ctx *Context) error
}

// Puller makes URLs of a scheme into streams.
type Puller struct {
	// Protocol is the URL scheme without the colon.
	Protocol string
	// Prefix, as http://host/app/, is more specific than the whole scheme; empty = the scheme.
	Prefix string
	// Pull lasts as long as the pull: return nil when the source ended, an error to be tried again later; stop when the job is done.
	Pull func(job *Job) error
}

// Pusher sends streams to URLs of a scheme.
type Pusher struct {
	// Protocol is the URL scheme without the colon.
	Protocol string
	// Prefix is more specific than the whole scheme; empty = the scheme.
	Prefix string
	// Push lasts as long as the push.
	Push func(job *Job) error
}

// describe writes the Description.
func (p *Plugin) describe(schema []byte) func(*encoder) {
	return func(e *encoder) {
		e.text(1, p.Name)
		e.text(2, p.Version)
		e.text(3, p.Description)
		e.text(4, p.Author)
		e.items(5, p.Kinds)
		e.bytes(6, schema)
		for _, puller := range p.Pullers {
			e.message(7, factory(puller.Protocol, puller.Prefix))
		}
		for _, pusher := range p.Pushers {
			e.message(8, factory(pusher.Protocol, pusher.Prefix))
		}
		for i := range p.Routes {
			e.message(9, p.Routes[i].encode)
		}
		for _, provider := range p.Provides {
			e.item(10, provider.Slot)
		}
		e.items(11, p.Events)
		e.items(12, p.Uses)
	}
}

func factory(protocol, prefix string) func(*encoder) {
	return func(e *encoder) {
		e.text(1, protocol)
		e.text(2, prefix)
	}
}
