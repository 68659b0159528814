package cli

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/internal/visible"
)

// Line prints a finding: one line, in which names are visible.
func Line(w io.Writer, format string, args ...any) {
	fmt.Fprintln(w, visible.Text(fmt.Sprintf(format, args...)))
}

// Note prints what a reader of the outputs should know, to stderr.
func Note(stderr io.Writer, format string, args ...any) {
	Line(stderr, "note: "+format, args...)
}

// optionFlags are the flags of options that errors of the packages name.
var optionFlags = map[string]string{
	// data
	"Fold": "-fold", "MaxPixels": "-max-pixels", "Mean": "-mean", "Std": "-std", "Truncated": "-truncated",
	"Resize with CenterCrop": "-size",
	// tsne
	"Perplexity": "-perplexity", "Components": "-components", "Method": "-method", "NeighbourSearch": "-neighbours",
	"Metric": "-metric", "Init": "-init", "Schedule": "-schedule", "Angle": "-angle",
	"Iterations": "-iterations", "LearningRate": "-learning-rate", "DegreesOfFreedom": "-dof",
	"EarlyExaggeration": "-early-exaggeration", "LateExaggeration": "-late-exaggeration",
}

// FlagOf returns the flag of an option, as -perplexity, or nothing.
func FlagOf(option string) string { return optionFlags[option] }

// option finds the name of an option where a package speaks of it: "Fold is 11",
// "(MaxPixels raises it)". Elsewhere it may be part of a file's name.
var option = func() *regexp.Regexp {
	var names []string
	for name := range optionFlags {
		names = append(names, name)
	}
	slices.Sort(names)
	name := "(" + strings.Join(names, "|") + ")"
	return regexp.MustCompile(`(^|: |, but |, and |, as |\()` + name + `( is | has | gives | raises | reads )`)
}()

// owner are the names of packages before the name of a flag.
var owner = regexp.MustCompile(`(^|: )(?:(?:data|transform|tsne|cam|render): )+-`)

// Message is what is printed of an error: one visible line of bounded length, with
// flags where the packages name options.
func Message(err error) string {
	text := option.ReplaceAllStringFunc(err.Error(), func(found string) string {
		m := option.FindStringSubmatch(found)
		return m[1] + optionFlags[m[2]] + m[3]
	})
	return visible.Message(owner.ReplaceAllString(text, "${1}-"))
}
