package plugin

import (
	"encoding/json"
	"fmt"
)

// Log writes lines into the daemon's log. Fields come in pairs, a name and a value: Info("ready", "port", 7).
type Log struct{ connection *connection }

// Trace is for those who look very closely.
func (l Log) Trace(message string, fields ...any) { l.write("trace", message, fields) }

// Debug is for those who look closely.
func (l Log) Debug(message string, fields ...any) { l.write("debug", message, fields) }

// Info tells something worth knowing.
func (l Log) Info(message string, fields ...any) { l.write("info", message, fields) }

// Warn tells something that may need a look.
func (l Log) Warn(message string, fields ...any) { l.write("warn", message, fields) }

// Error tells that something went wrong.
func (l Log) Error(message string, fields ...any) { l.write("error", message, fields) }

func (l Log) write(level, message string, fields []any) {
	body := fieldsOf(fields)
	l.connection.send(0, partLog, func(e *encoder) {
		e.text(1, level)
		e.text(2, cut(message, 8000))
		e.bytes(3, body)
	})
}

// fieldsOf is a JSON object of pairs; a value that is no JSON becomes text.
func fieldsOf(pairs []any) []byte {
	if len(pairs) == 0 {
		return nil
	}
	fields := make(map[string]any, len(pairs)/2+1)
	for i := 0; i < len(pairs); i += 2 {
		if i+1 == len(pairs) {
			fields["value"] = printable(pairs[i])
			break
		}
		fields[fmt.Sprint(pairs[i])] = printable(pairs[i+1])
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return nil
	}
	return body
}

func printable(value any) any {
	switch value := value.(type) {
	case error:
		return value.Error()
	case fmt.Stringer:
		return value.String()
	}
	if _, err := json.Marshal(value); err != nil {
		return fmt.Sprint(value)
	}
	return value
}
