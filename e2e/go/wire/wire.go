// Package wire is how a program talks to the suite that started it: arguments are name=value pairs, each event is one JSON object on a
// line of standard output, and the end of standard input asks the program to stop.
package wire

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync"
)

// Options are the arguments of a program.
type Options map[string]string

// Arguments reads the name=value pairs of the command line.
func Arguments() Options {
	options := Options{}
	for _, argument := range os.Args[1:] {
		name, value, found := strings.Cut(argument, "=")
		if !found {
			Fail(fmt.Errorf("expected name=value, found %s", argument))
		}
		options[name] = value
	}
	return options
}

// Text returns an argument that must be there.
func (options Options) Text(name string) string {
	value, found := options[name]
	if !found {
		Fail(fmt.Errorf("missing argument %s", name))
	}
	return value
}

// Number returns a numeric argument, or otherwise when it is absent.
func (options Options) Number(name string, otherwise int) int {
	value, found := options[name]
	if !found {
		return otherwise
	}
	number, err := strconv.Atoi(value)
	if err != nil {
		Fail(fmt.Errorf("argument %s: %w", name, err))
	}
	return number
}

var output sync.Mutex

// Emit writes one event; it is a struct with an `event` field.
func Emit(event any) {
	line, err := json.Marshal(event)
	if err != nil {
		Fail(err)
	}
	output.Lock()
	defer output.Unlock()
	if _, err := os.Stdout.Write(append(line, '\n')); err != nil {
		os.Exit(3) // nobody reads any more: the test that started this program has ended
	}
}

// AwaitStop returns when standard input has ended.
func AwaitStop() {
	_, _ = io.Copy(io.Discard, os.Stdin)
}

// Fail ends the program with one line on standard error.
func Fail(err error) {
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}

// Body makes a numbered message body, the number and a bar followed by padding.
func Body(number, bytes int) []byte {
	body := []byte(strconv.Itoa(number) + "|")
	if missing := bytes - len(body); missing > 0 {
		body = append(body, strings.Repeat("x", missing)...)
	}
	return body
}

// NumberOf returns the number of a body made by Body, or -1.
func NumberOf(body []byte) int {
	text, padding, found := strings.Cut(string(body), "|")
	number, err := strconv.Atoi(text)
	if !found || err != nil || strings.Trim(padding, "x") != "" {
		return -1
	}
	return number
}
