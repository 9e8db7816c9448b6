package plugin

import (
	"context"
	"encoding/json"
)

// Peer is a trusted peer.
type Peer struct {
	// ID is the peer id.
	ID string `json:"id"`
	// Name, for people.
	Name string `json:"name"`
	// Connected says that there is a link now.
	Connected bool `json:"connected"`
	// Addresses at which it may be reached.
	Addresses []string `json:"addresses"`
	// Kinds of payloads it says it handles; empty while it is away.
	Kinds []string `json:"kinds"`
	// Version of its software, when known.
	Version string `json:"version"`
	// TrustedSince is a wall clock, ms since 1970.
	TrustedSince float64 `json:"trustedSince"`
	// LastSeen is a wall clock, ms since 1970.
	LastSeen float64 `json:"lastSeen"`
	// Encryption of the link to it, tls or noise; empty without one.
	Encryption string `json:"encryption"`
	// RTT is the round trip in ms, when known.
	RTT float64 `json:"rtt"`
	// Hops are links on the shortest way to it: 1 = a direct one, 0 = out of reach.
	Hops int `json:"hops"`
	// Via are members through which its link leads, the nearest first.
	Via []string `json:"via"`
}

// StreamInfo is a stream of this node.
type StreamInfo struct {
	// Path of the stream.
	Path string `json:"path"`
	// Publisher is who publishes it here: a plugin's name, rtmp or shoal.
	Publisher string `json:"publisher"`
	// Origin is the peer id of the node where it comes from.
	Origin string `json:"origin"`
	// Hops from there; 0 = published here.
	Hops int `json:"hops"`
	// Tracks of the stream, without their descriptions.
	Tracks []Track `json:"tracks"`
	// Subscribers on this node.
	Subscribers int `json:"subscribers"`
	// Since is a wall clock, ms since 1970.
	Since float64 `json:"since"`
	// FramesIn counts frames.
	FramesIn float64 `json:"framesIn"`
	// BytesIn counts bytes of frames.
	BytesIn float64 `json:"bytesIn"`
	// FramesDropped were skipped by late readers, all together.
	FramesDropped float64 `json:"framesDropped"`
	// Bitrate over the last seconds, in bits a second.
	Bitrate float64 `json:"bitrate"`
	// Source is the URL it is pulled from, if it is pulled.
	Source string `json:"source"`
}

// Event tells of a peer or a stream.
type Event struct {
	// Topic is peers or streams.
	Topic string `json:"-"`
	// Type: connected, disconnected, forgotten …; published, unpublished …; or lagged, where Missed events were left out.
	Type string `json:"type"`
	// Time is a wall clock, ms since 1970.
	Time float64 `json:"time"`
	// Peer is the id of the peer.
	Peer string `json:"peer"`
	// Name of the peer.
	Name string `json:"name"`
	// Path of the stream.
	Path string `json:"path"`
	// Publisher of the stream.
	Publisher string `json:"publisher"`
	// Reader of the stream.
	Reader string `json:"reader"`
	// Reason why something ended.
	Reason string `json:"reason"`
	// Missed events, of type lagged.
	Missed int `json:"missed"`
}

// Peers lists the trusted peers.
func (c *Context) Peers(ctx context.Context) ([]Peer, error) {
	var peers []Peer
	err := c.query(ctx, "peers", &peers)
	return peers, err
}

// Streams lists the streams of this node.
func (c *Context) Streams(ctx context.Context) ([]StreamInfo, error) {
	var streams []StreamInfo
	err := c.query(ctx, "streams", &streams)
	return streams, err
}

func (c *Context) query(ctx context.Context, topic string, into any) error {
	given, err := c.session.connection.call(ctx, partQuery, func(e *encoder) { e.text(1, topic) }, nil)
	if err != nil {
		return err
	}
	if err := json.Unmarshal(given.body, into); err != nil {
		return NewError("ERR_PROTOCOL", "The list of %s cannot be read: %w", topic, err)
	}
	return nil
}
