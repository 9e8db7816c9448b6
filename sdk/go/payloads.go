package plugin

import (
	"context"
	"encoding/json"
	"time"
)

// Payloads are messages to plugins on other nodes. The deadline of a context is also told to the daemon; without one its default counts.
type Payloads struct{ connection *connection }

// Delivery is what came of a broadcast at one peer.
type Delivery struct {
	// Peer is the id of the peer.
	Peer string
	// Err is nil where the far plugin has handled it.
	Err error
}

// Send returns when the far plugin has handled the payload.
func (p Payloads) Send(ctx context.Context, peer, kind string, body []byte) error {
	_, err := p.call(ctx, 0, peer, kind, body)
	return err
}

// Request returns the far plugin's reply.
func (p Payloads) Request(ctx context.Context, peer, kind string, body []byte) ([]byte, error) {
	given, err := p.call(ctx, 1, peer, kind, body)
	if err != nil {
		return nil, err
	}
	return given.body, nil
}

// Broadcast sends to every connected peer that handles the kind, and tells what came of it at each.
func (p Payloads) Broadcast(ctx context.Context, kind string, body []byte) ([]Delivery, error) {
	given, err := p.call(ctx, 2, "", kind, body)
	if err != nil {
		return nil, err
	}
	var results []struct {
		Peer  string `json:"peer"`
		Error *struct {
			Code    string `json:"code"`
			Message string `json:"message"`
		} `json:"error"`
	}
	if err := json.Unmarshal(given.body, &results); err != nil {
		return nil, NewError("ERR_PROTOCOL", "The results of a broadcast cannot be read: %w", err)
	}
	deliveries := make([]Delivery, len(results))
	for i, result := range results {
		deliveries[i].Peer = result.Peer
		if result.Error != nil {
			deliveries[i].Err = &Error{Code: result.Error.Code, Message: result.Error.Message}
		}
	}
	return deliveries, nil
}

func (p Payloads) call(ctx context.Context, mode uint64, peer, kind string, body []byte) (*answer, error) {
	timeout := uint64(0)
	if deadline, there := ctx.Deadline(); there {
		if left := time.Until(deadline).Milliseconds(); left > 0 {
			timeout = uint64(left)
		}
	}
	return p.connection.call(ctx, partSend, func(e *encoder) {
		e.uint(1, mode)
		e.text(2, peer)
		e.text(3, kind)
		e.bytes(4, body)
		e.uint(5, timeout)
	}, nil)
}
