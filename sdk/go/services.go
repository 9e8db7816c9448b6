package plugin

import (
	"context"
	"encoding/json"
	"time"
)

// Services are the slots of the daemon. A plugin calls those that its Uses names.
type Services struct{ session *session }

// Cache of the daemon.
func (s Services) Cache() Cache { return cacheClient(s) }

// Authenticate asks all who judge credentials. (nil, nil) = nobody's to judge; ErrWrong = wrong.
func (s Services) Authenticate(ctx context.Context, shown Credentials) (*Principal, error) {
	given, err := s.call(ctx, "authentication", "authenticate", nil, shown)
	if err != nil || len(given.body) == 0 {
		return nil, err
	}
	if string(given.body) == "false" {
		return nil, ErrWrong
	}
	var principal *Principal
	err = readValue(given.body, nil, &principal)
	return principal, err
}

// Allows asks whether somebody may do something. reason is a sentence for the person who is refused, or empty.
func (s Services) Allows(ctx context.Context, who Principal, what Action) (allowed bool, reason string, err error) {
	given, err := s.call(ctx, "permission", "allows", nil, who, what)
	if err != nil || len(given.body) == 0 {
		return false, "", err
	}
	if err = json.Unmarshal(given.body, &allowed); err != nil {
		err = readValue(given.body, nil, &reason)
	}
	return allowed, reason, err
}

// PermissionChanges has an item whenever answers of Allows may have changed.
func (s Services) PermissionChanges(ctx context.Context) (*Listener[struct{}], error) {
	return listen(ctx, s, "permission", "changes", func(*ServiceCall, []byte) (none struct{}, err error) { return none, nil })
}

// ClusterMessage is a message of another member; or, with Missed, tells of messages that were left out.
type ClusterMessage struct {
	// Peer id of the sender, as the link proved it.
	Peer string
	// Body of the message.
	Body []byte
	// Missed messages; 0 for a message.
	Missed int
}

// ClusterSend sends to all other members. It returns when each has it or cannot get it.
func (s Services) ClusterSend(ctx context.Context, topic string, body []byte) error {
	_, err := s.call(ctx, "clusterNode", "send", nil, topic, filled(body))
	return err
}

// ClusterSendDirect sends to one member.
func (s Services) ClusterSendDirect(ctx context.Context, peer, topic string, body []byte) error {
	_, err := s.call(ctx, "clusterNode", "sendDirect", nil, peer, topic, filled(body))
	return err
}

// ClusterSubscribe listens for messages of other members on a topic.
func (s Services) ClusterSubscribe(ctx context.Context, topic string) (*Listener[ClusterMessage], error) {
	return listen(ctx, s, "clusterNode", "subscribe", func(call *ServiceCall, text []byte) (told ClusterMessage, err error) {
		var event struct {
			Peer   string
			Body   json.RawMessage
			Missed int
		}
		if err = readValue(text, nil, &event); err == nil && event.Missed == 0 {
			err = readValue(event.Body, call.blobs, &told.Body)
		}
		told.Peer, told.Missed = event.Peer, event.Missed
		return told, err
	}, topic)
}

// Members are who is in the cluster and can be reached.
type Members struct {
	// Self is the peer id of this node.
	Self string `json:"self"`
	// Members are peer ids in order, this node among them.
	Members []string `json:"members"`
	// Leader is the peer id of the leader.
	Leader string `json:"leader"`
}

// MemberEvent tells of a member.
type MemberEvent struct {
	// Type is joined, left, leader (Peer is the new one), or lagged.
	Type string `json:"type"`
	// Peer is the id of the member.
	Peer string `json:"peer"`
	// Missed events, of type lagged.
	Missed int `json:"missed"`
}

// Members tells who is in the cluster now, and who leads it.
func (s Services) Members(ctx context.Context) (Members, error) {
	var members Members
	given, err := s.call(ctx, "clusterRegistry", "members", nil)
	if err == nil {
		err = readValue(given.body, nil, &members)
	}
	return members, err
}

// MemberEvents tells who comes and goes from now on.
func (s Services) MemberEvents(ctx context.Context) (*Listener[MemberEvent], error) {
	return listen(ctx, s, "clusterRegistry", "events", func(_ *ServiceCall, text []byte) (event MemberEvent, err error) {
		return event, json.Unmarshal(text, &event)
	})
}

// Call calls any method of a slot, and reads its result into a pointer, bytes where it is one to bytes; nil = the result does not count.
// Byte slices among the arguments travel as bytes, all else as JSON.
func (s Services) Call(ctx context.Context, into any, slot, method string, arguments ...any) error {
	given, err := s.call(ctx, slot, method, nil, arguments...)
	if err != nil || into == nil || len(given.body) == 0 {
		return err
	}
	return readValue(given.body, given.blobs, into)
}

// call calls a method of a slot.
func (s Services) call(ctx context.Context, slot, method string, opens *opening, arguments ...any) (*answer, error) {
	fill, err := encodeService(slot, method, arguments)
	if err != nil {
		return nil, err
	}
	return s.session.connection.call(ctx, partService, fill, opens)
}

func encodeService(slot, method string, arguments []any) (func(*encoder), error) {
	var blobs [][]byte
	values := make([]any, len(arguments))
	for i, argument := range arguments {
		values[i] = marked(argument, &blobs)
	}
	text, err := json.Marshal(values)
	if err != nil {
		return nil, NewError("ERR_USAGE", "An argument is no JSON: %w", err)
	}
	return func(e *encoder) {
		e.text(1, slot)
		e.text(2, method)
		e.bytes(3, text)
		for _, blob := range blobs {
			e.blob(4, blob)
		}
	}, nil
}

// notice calls a method that nobody answers.
func (s Services) notice(slot, method string, arguments ...any) {
	if fill, err := encodeService(slot, method, arguments); err == nil {
		s.session.connection.send(0, partNotice, fill)
	}
}

// PermissionChanged tells the daemon that answers of the plugin's Permission may have changed.
func (c *Context) PermissionChanged() { c.Services.notice("permission", "changed") }

// LockLost tells the daemon that a lock of the plugin's Locks was lost.
func (c *Context) LockLost(name, token string) { c.Services.notice("locks", "lost", name, token) }

// cacheClient is the daemon's cache.
type cacheClient Services

func (c cacheClient) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	given, err := Services(c).call(ctx, "cache", "get", nil, key)
	if err != nil || len(given.body) == 0 {
		return nil, false, err
	}
	err = readValue(given.body, given.blobs, &value)
	return value, value != nil, err
}

func (c cacheClient) Set(ctx context.Context, key string, value []byte, ttl time.Duration) error {
	_, err := Services(c).call(ctx, "cache", "set", nil, key, filled(value), milliseconds(ttl))
	return err
}

func (c cacheClient) Delete(ctx context.Context, key string) error {
	_, err := Services(c).call(ctx, "cache", "delete", nil, key)
	return err
}

func (c cacheClient) Clear(ctx context.Context) error {
	_, err := Services(c).call(ctx, "cache", "clear", nil)
	return err
}
