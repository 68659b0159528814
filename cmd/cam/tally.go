package main

import (
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
)

// tally counts right predictions by split, for data sets whose splits were
// joined: their samples are named "train/0", "test/17".
type tally struct {
	joined bool
	order  []string
	counts map[string]*accuracy
}

func newTally(o *cli.Opened) *tally {
	d, ok := o.Data.(data.Describer)
	return &tally{joined: ok && d.Format() != data.ImageFolder && strings.Contains(d.Split(), "+"), counts: map[string]*accuracy{}}
}

func (t *tally) add(name string, right bool) {
	split, _, found := strings.Cut(name, "/")
	if !t.joined || !found {
		return
	}
	c := t.counts[split]
	if c == nil {
		c = &accuracy{}
		t.counts[split] = c
		t.order = append(t.order, split)
	}
	c.Images++
	if right {
		c.Correct++
	}
}

// lines says how each of several splits did.
func (t *tally) lines() []string {
	if len(t.order) < 2 {
		return nil
	}
	var out []string
	for _, split := range t.order {
		c := t.counts[split]
		out = append(out, fmt.Sprintf("%s: %d of %d = %.2f%%", split, c.Correct, c.Images, 100*float64(c.Correct)/float64(c.Images)))
	}
	return out
}
