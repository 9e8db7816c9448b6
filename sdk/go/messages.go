package plugin

// Parts of a PortableMessage, by the number of their field.
const (
	partHello     = 2
	partAnswer    = 3
	partCancel    = 4
	partStart     = 10
	partPayload   = 11
	partForgotten = 12
	partShutdown  = 13
	partJob       = 14
	partHTTP      = 15
	partEvent     = 16
	partSend      = 20
	partStore     = 21
	partQuery     = 22
	partSign      = 23
	partPublish   = 24
	partSubscribe = 25
	partLog       = 26
	partTask      = 27
	partFrames    = 30
	partTracks    = 31
	partCredit    = 32
	partClose     = 33
	partKeyWanted = 34
	partService   = 35
	partNotice    = 36
)

// message is a PortableMessage whose part is not read yet.
type message struct {
	id   uint64
	part int
	body []byte
}

// decodeMessage finds the one part of a message; part is 0 where only a later version knows what it is.
func decodeMessage(data []byte) (message, error) {
	var m message
	err := eachField(data, func(f field) (err error) {
		if f.number == 1 {
			m.id, err = f.uint()
		} else if f.form == formBytes {
			m.part, m.body = f.number, f.body
		}
		return err
	})
	return m, err
}

// answer is what came of a call.
type answer struct {
	code, message string
	body          []byte
	flag          bool
	entries       []Entry
	path          string
	tracks        []Track
	blobs         [][]byte
}

func (a *answer) failure() error {
	if a.code == "" {
		return nil
	}
	return &Error{Code: a.code, Message: a.message}
}

func (a *answer) encode(e *encoder) {
	e.text(1, a.code)
	e.text(2, a.message)
	e.bytes(3, a.body)
	e.bool(4, a.flag)
	for i := range a.entries {
		e.message(5, a.entries[i].encode)
	}
	e.text(6, a.path)
	encodeTracks(e, 7, a.tracks)
	for _, blob := range a.blobs {
		e.blob(8, blob)
	}
}

func (a *answer) decode(data []byte) error {
	return eachField(data, func(f field) (err error) {
		switch f.number {
		case 1:
			a.code, err = f.text()
		case 2:
			a.message, err = f.text()
		case 3:
			a.body, err = f.bytes()
		case 4:
			a.flag, err = f.bool()
		case 5:
			err = a.takeEntry(f)
		case 6:
			a.path, err = f.text()
		case 7:
			a.tracks, err = takeTrack(a.tracks, f)
		case 8:
			a.blobs = append(a.blobs, f.body)
		}
		return err
	})
}

func (a *answer) takeEntry(f field) error {
	var entry Entry
	err := eachField(f.body, func(f field) (err error) {
		switch f.number {
		case 1:
			entry.Key, err = f.text()
		case 2:
			entry.Value, err = f.bytes()
		}
		return err
	})
	a.entries = append(a.entries, entry)
	return err
}

// start is what the daemon says at the start.
type start struct {
	config                    []byte
	nodeID, nodeName, dataDir string
	maxMessage, window, calls uint64
}

func (s *start) decode(data []byte) error {
	return eachField(data, func(f field) (err error) {
		switch f.number {
		case 1:
			s.config, err = f.bytes()
		case 2:
			s.nodeID, err = f.text()
		case 3:
			s.nodeName, err = f.text()
		case 4:
			s.dataDir, err = f.text()
		case 5:
			err = eachField(f.body, s.takeLimit)
		}
		return err
	})
}

func (s *start) takeLimit(f field) (err error) {
	switch f.number {
	case 1:
		s.maxMessage, err = f.uint()
	case 2:
		s.window, err = f.uint()
	case 3:
		s.calls, err = f.uint()
	}
	return err
}

// texts reads a message of texts and bytes into the places by number; other fields are skipped.
func texts(data []byte, places map[int]any) error {
	return eachField(data, func(f field) (err error) {
		switch into := places[f.number].(type) {
		case *string:
			*into, err = f.text()
		case *[]byte:
			*into, err = f.bytes()
		case *[][]byte:
			*into = append(*into, f.body)
		case *uint64:
			*into, err = f.uint()
		case *bool:
			*into, err = f.bool()
		}
		return err
	})
}
