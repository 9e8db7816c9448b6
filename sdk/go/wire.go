package plugin

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// errWire is wrapped by what is wrong with bytes that are no message.
var errWire = errors.New("these bytes are no message")

func wireError(format string, args ...any) error {
	return fmt.Errorf("%w: %s", errWire, fmt.Sprintf(format, args...))
}

// Forms of a field.
const (
	formVarint  = 0
	formFixed64 = 1
	formBytes   = 2
	formFixed32 = 5
)

// encoder appends fields of a message. What is empty is left out, as proto3 has it.
type encoder struct{ b []byte }

func (e *encoder) tag(number, form int) {
	e.b = binary.AppendUvarint(e.b, uint64(number)<<3|uint64(form))
}

func (e *encoder) uint(number int, value uint64) {
	if value != 0 {
		e.tag(number, formVarint)
		e.b = binary.AppendUvarint(e.b, value)
	}
}

func (e *encoder) bool(number int, value bool) {
	if value {
		e.uint(number, 1)
	}
}

func (e *encoder) bytes(number int, value []byte) {
	if len(value) > 0 {
		e.blob(number, value)
	}
}

// blob is bytes that count also when there are none.
func (e *encoder) blob(number int, value []byte) {
	e.tag(number, formBytes)
	e.b = binary.AppendUvarint(e.b, uint64(len(value)))
	e.b = append(e.b, value...)
}

func (e *encoder) text(number int, value string) {
	if value != "" {
		e.item(number, value)
	}
}

// item is a text that counts also when it is empty: one of a list. The daemon takes UTF-8 only.
func (e *encoder) item(number int, value string) {
	if !utf8.ValidString(value) {
		value = strings.ToValidUTF8(value, "\uFFFD")
	}
	e.tag(number, formBytes)
	e.b = binary.AppendUvarint(e.b, uint64(len(value)))
	e.b = append(e.b, value...)
}

func (e *encoder) items(number int, values []string) {
	for _, value := range values {
		e.item(number, value)
	}
}

// message writes a part; it is there also when it is empty. A nil part is an empty one.
func (e *encoder) message(number int, part func(*encoder)) {
	e.tag(number, formBytes)
	e.sized(part)
}

// sized writes what the part writes, with its length in front.
func (e *encoder) sized(part func(*encoder)) {
	start := len(e.b)
	e.b = append(e.b, 0)
	if part != nil {
		part(e)
	}
	size := len(e.b) - start - 1
	if size < 0x80 {
		e.b[start] = byte(size)
		return
	}
	// the length needs more than the one byte that was kept for it
	var length [binary.MaxVarintLen64]byte
	count := binary.PutUvarint(length[:], uint64(size))
	e.b = append(e.b, length[1:count]...)
	copy(e.b[start+count:], e.b[start+1:start+1+size])
	copy(e.b[start:], length[:count])
}

// field is one field of a message: a number, or bytes that are a view of the message.
type field struct {
	number int
	form   int
	value  uint64
	body   []byte
}

func (f field) uint() (uint64, error) {
	if f.form != formVarint {
		return 0, wireError("field %d is no number", f.number)
	}
	return f.value, nil
}

func (f field) bool() (bool, error) {
	value, err := f.uint()
	return value != 0, err
}

func (f field) bytes() ([]byte, error) {
	if f.form != formBytes {
		return nil, wireError("field %d is not bytes", f.number)
	}
	return f.body, nil
}

func (f field) text() (string, error) {
	body, err := f.bytes()
	if err == nil && !utf8.Valid(body) {
		err = wireError("a text is not UTF-8")
	}
	return string(body), err
}

// eachField calls take with the fields of a message, one after the other. The fields that it does not know it ignores.
func eachField(data []byte, take func(field) error) error {
	for len(data) > 0 {
		one, rest, err := nextField(data)
		if err != nil {
			return err
		}
		if err := take(one); err != nil {
			return err
		}
		data = rest
	}
	return nil
}

func nextField(data []byte) (field, []byte, error) {
	tag, n := binary.Uvarint(data)
	if n <= 0 || tag>>3 == 0 || tag>>3 > 1<<29 {
		return field{}, nil, wireError("a field has no number")
	}
	data = data[n:]
	one := field{number: int(tag >> 3), form: int(tag & 7)}
	size := 0
	switch one.form {
	case formVarint:
		if one.value, size = binary.Uvarint(data); size <= 0 {
			return field{}, nil, wireError("a message ends within a number")
		}
		return one, data[size:], nil
	case formBytes:
		length, n := binary.Uvarint(data)
		if n <= 0 || length > uint64(len(data)-n) {
			return field{}, nil, wireError("a message ends within a field")
		}
		data = data[n:]
		size = int(length)
		one.body = data[:size:size]
	case formFixed64:
		size = 8
	case formFixed32:
		size = 4
	default:
		return field{}, nil, wireError("a field has the form %d", one.form)
	}
	if size > len(data) {
		return field{}, nil, wireError("a message ends within a field")
	}
	return one, data[size:], nil
}
