package plugin

import "context"

// Entry is a key and its value.
type Entry struct {
	// Key of the entry.
	Key string
	// Value of the key.
	Value []byte
}

func (entry *Entry) encode(e *encoder) {
	e.text(1, entry.Key)
	e.bytes(2, entry.Value)
}

// Operations of a StoreCall.
const (
	storeGet = iota + 1
	storeSet
	storeDelete
	storeEntries
	storeClear
)

// Store is the plugin's own keys and values in the daemon's database. Keys: 1 to 512 bytes of UTF-8; values: up to 1 MiB.
type Store struct{ connection *connection }

// Get gives the value of a key; found is false where there is none.
func (s Store) Get(ctx context.Context, key string) (value []byte, found bool, err error) {
	given, err := s.call(ctx, storeGet, key, nil, "")
	if err != nil {
		return nil, false, err
	}
	return given.body, given.flag, nil
}

// Set keeps a value; it is durable when Set returns.
func (s Store) Set(ctx context.Context, key string, value []byte) error {
	_, err := s.call(ctx, storeSet, key, value, "")
	return err
}

// Delete removes a key that may be there.
func (s Store) Delete(ctx context.Context, key string) error {
	_, err := s.call(ctx, storeDelete, key, nil, "")
	return err
}

// Entries gives the keys that start with prefix and their values, in order of the keys.
func (s Store) Entries(ctx context.Context, prefix string) ([]Entry, error) {
	var all []Entry
	err := s.Each(ctx, prefix, func(entry Entry) error {
		all = append(all, entry)
		return nil
	})
	return all, err
}

// Each calls visit with one entry after the other, and reads them page by page. An error of visit ends it and is returned.
func (s Store) Each(ctx context.Context, prefix string, visit func(Entry) error) error {
	for after := ""; ; {
		given, err := s.call(ctx, storeEntries, prefix, nil, after)
		if err != nil {
			return err
		}
		for _, entry := range given.entries {
			if err := visit(entry); err != nil {
				return err
			}
			after = entry.Key
		}
		if !given.flag || len(given.entries) == 0 {
			return nil
		}
	}
}

// Clear removes everything.
func (s Store) Clear(ctx context.Context) error {
	_, err := s.call(ctx, storeClear, "", nil, "")
	return err
}

func (s Store) call(ctx context.Context, op uint64, key string, value []byte, after string) (*answer, error) {
	return s.connection.call(ctx, partStore, func(e *encoder) {
		e.uint(1, op)
		e.text(2, key)
		e.bytes(3, value)
		e.text(4, after)
	}, nil)
}
