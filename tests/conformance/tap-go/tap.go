// SPDX-License-Identifier: LGPL-2.1-or-later

// Package tap writes results in the Test Anything Protocol, version 13.
//
// It has what the OCI runtime validation programs call of the package that
// they import as github.com/mndrix/tap-go, which Debian does not have.
package tap

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
)

// plan is what a T and its Todo views count together.
type plan struct {
	announced bool
	tests     int
}

// T writes one TAP document.
type T struct {
	// Writer receives the document; nil means standard output.
	Writer io.Writer

	todo bool
	plan *plan
}

// New begins a document.
func New() *T {
	return &T{plan: &plan{}}
}

func (t *T) printf(format string, args ...interface{}) {
	var w io.Writer = os.Stdout
	if t.Writer != nil {
		w = t.Writer
	}
	fmt.Fprintf(w, format, args...)
}

// oneLine keeps a description from breaking the line protocol.
func oneLine(s string) string {
	return strings.ReplaceAll(strings.TrimSpace(s), "\n", " ")
}

// Header writes the version line and, when count is not 0, the plan.
func (t *T) Header(count int) {
	t.printf("TAP version 13\n")
	if count > 0 {
		t.printf("1..%d\n", count)
		t.plan.announced = true
	}
}

// AutoPlan closes the document with a plan of the tests that were run.
func (t *T) AutoPlan() {
	if !t.plan.announced {
		t.printf("1..%d\n", t.plan.tests)
		t.plan.announced = true
	}
}

// Ok writes one test point.
func (t *T) Ok(passed bool, description string) bool {
	word, directive := "ok", "- "
	if !passed {
		word = "not ok"
	}
	if t.todo {
		directive = "# TODO "
	}
	t.plan.tests++
	t.printf("%s %d %s%s\n", word, t.plan.tests, directive, oneLine(description))
	return passed
}

// Pass writes a test point that passed.
func (t *T) Pass(description string) {
	t.Ok(true, description)
}

// Fail writes a test point that failed.
func (t *T) Fail(description string) {
	t.Ok(false, description)
}

// Skip writes count test points that were not run.
func (t *T) Skip(count int, description string) {
	for i := 0; i < count; i++ {
		t.plan.tests++
		t.printf("ok %d # SKIP %s\n", t.plan.tests, oneLine(description))
	}
}

// Todo returns a view of t whose test points are expected to fail.
func (t *T) Todo() *T {
	view := *t
	view.todo = true
	return &view
}

// Diagnostic writes a comment, one line of it for each line of message.
func (t *T) Diagnostic(message string) {
	for _, line := range strings.Split(strings.TrimRight(message, "\n"), "\n") {
		t.printf("# %s\n", line)
	}
}

// Diagnosticf writes a formatted comment.
func (t *T) Diagnosticf(format string, args ...interface{}) {
	t.Diagnostic(fmt.Sprintf(format, args...))
}

// YAML writes a structured diagnostic, in the part of YAML that is JSON.
func (t *T) YAML(message interface{}) error {
	text, err := json.MarshalIndent(message, "  ", "  ")
	if err != nil {
		return err
	}
	t.printf("  ---\n  %s\n  ...\n", text)
	return nil
}
