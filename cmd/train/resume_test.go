package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
	"github.com/glimpse-go/glimpse/nn/checkpoint"
)

// ways are runs of all that a state has to hold: momentum, moments, an average, chance of
// every kind, and a schedule that moves.
var ways = map[string][]string{
	"sgd":   {"-width", "4", "-batch", "8", "-epochs", "2", "-augment", "crop=2,flip,jitter,erase,mixup,cutmix", "-ema", "0.8", "-clip", "1", "-save-every", "1"},
	"adamw": {"-width", "4", "-batch", "8", "-epochs", "2", "-optimizer", "adamw", "-schedule", "cosine", "-warmup", "0.5", "-save-every", "2", "-seed", "7"},
}

// sameResults fails the test unless two folders hold the same networks and curves.
func sameResults(t *testing.T, what string, got, want map[string]string) {
	t.Helper()
	for _, name := range []string{"n.safetensors", "n.last.safetensors", "c.csv", "c.png"} {
		if got[name] == "" || got[name] != want[name] {
			t.Errorf("%s: other bytes in %s: %d, want %d", what, name, len(got[name]), len(want[name]))
		}
	}
	for name := range got {
		if _, ok := want[name]; !ok {
			t.Errorf("%s: a file %s too many", what, name)
		}
	}
}

// interrupted runs the program until some steps are done and its context ends.
func interrupted(t *testing.T, steps int, args ...string) (stdout string) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	o, err := parse(ctx, args, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.onStep = func() {
		if steps--; steps == 0 {
			cancel()
		}
	}
	var out, progress bytes.Buffer
	s, err := open(ctx, o, &out, &progress)
	if err != nil {
		t.Fatal(err)
	}
	defer s.data.close()
	if err := s.train(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("%v: error %v\n%s", args, err, &out)
	}
	return out.String()
}

// A run that is stopped after any step and resumed, several times over, ends with the bits
// of one that is not.
func TestResume(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	for name, way := range ways {
		dir, out := outputs(t)
		must(t, with(out, images, way)...)
		want := files(t, dir) // of 2 epochs of 2 steps
		for _, stops := range [][]int{{1}, {2}, {3}, {1, 1, 1}} {
			dir, out := outputs(t)
			args := with(out, images, way)
			for i, steps := range stops {
				stdout := interrupted(t, steps, args...)
				if !strings.Contains(stdout, "to go on: train -resume -out "+out[1]) {
					t.Errorf("%s: stdout does not say how to go on:\n%s", name, stdout)
				}
				if i == 0 && steps == 1 { // there is a network already
					sd, err := checkpoint.Load(t.Context(), filepath.Join(dir, "n.last.safetensors"))
					if err != nil || sd.Metadata["step"] != "1" {
						t.Errorf("%s: the network after a step: %v", name, err)
					}
				}
				args = with(out[:2], []string{"-resume"})
			}
			stdout := must(t, args...)
			if !strings.Contains(stdout, "resumed   after ") {
				t.Errorf("%s: stdout does not say where it goes on:\n%s", name, stdout)
			}
			sameResults(t, fmt.Sprint(name, " stopped after ", stops), files(t, dir), want)
		}
	}
}

// A run that has ended stays as it is, and goes on where the schedule does.
func TestMoreEpochs(t *testing.T) {
	if testing.Short() {
		t.Skip("takes long")
	}
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	constant := []string{"-width", "4", "-batch", "8", "-schedule", "step=2:0.5", "-warmup", "0.5"}
	dir, out := outputs(t)
	must(t, with(out, images, constant, []string{"-epochs", "3"})...)
	want := files(t, dir)
	must(t, with(out, []string{"-resume"})...)
	sameResults(t, "resumed at its end", files(t, dir), want)

	dir, out = outputs(t)
	must(t, with(out, images, constant, []string{"-epochs", "1"})...)
	must(t, with(out, []string{"-resume", "-epochs", "3"})...)
	sameResults(t, "with more epochs", files(t, dir), want)
	if _, err := program(t, with(out, []string{"-resume", "-epochs", "2"})...); err == nil || !strings.Contains(err.Error(), "-epochs 2, but the run has 3 behind it") {
		t.Errorf("fewer epochs: %v", err)
	}

	_, out = outputs(t)
	must(t, with(out, images, tiny)...)
	if _, err := program(t, with(out, []string{"-resume", "-epochs", "3"})...); err == nil || !strings.Contains(err.Error(), "begun with 2, and onecycle goes by their number; to train on begin anew with -weights ") {
		t.Errorf("more epochs of onecycle: %v", err)
	}
}

// What decides the result must be as it was; where the files are need not.
func TestResumeWithOthers(t *testing.T) {
	folder := t.TempDir()
	images := stripes(t, filepath.Join(folder, "images"), 8, 16)
	dir, out := outputs(t)
	interrupted(t, 1, with(out, tiny, []string{"-data", images, "-holdout", "0.25", "-seed", "3"})...)
	kept := files(t, dir)
	fewer := stripes(t, filepath.Join(folder, "fewer"), 7, 16)
	others := stripes(t, filepath.Join(folder, "others"), 8, 16)
	if err := os.Rename(filepath.Join(others, "both"), filepath.Join(others, "check")); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"-lr", "0.1"}, "-resume: -lr 0.1, but the run was begun with 0.05; leave it out"},
		{[]string{"-seed", "4"}, "-seed 4, but the run was begun with 3"},
		{[]string{"-batch", "6"}, "-batch 6, but"},
		{[]string{"-augment", "none"}, "-augment none, but the run was begun without it"},
		{[]string{"-crop", "8"}, "-crop 8, but the run was begun without it"},
		{[]string{"-weights", golden.Path(t, "..", "..", "nn", "pretrained", "scenes.safetensors")}, "-weights "},
		{[]string{"-data", fewer}, "-data " + fewer + " has 16 images to learn from, and the run was begun with 18"},
		{[]string{"-data", others}, " has the classes check, lying, standing, and the run was begun with both, lying, standing"},
	} {
		if _, err := program(t, with(out, []string{"-resume"}, c.args)...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%v: error %v, want one line with %q", c.args, err, c.want)
		}
	}
	if _, err := program(t, with(out, tiny, []string{"-data", images})...); err == nil || !strings.Contains(err.Error(), "holds a run that has 0 of 2 epochs behind it: train -resume -out ") {
		t.Errorf("begun anew: %v", err)
	}
	for name, content := range files(t, dir) {
		if content != kept[name] {
			t.Errorf("%s has changed", name)
		}
	}
	moved := filepath.Join(folder, "moved")
	if err := os.Rename(images, moved); err != nil {
		t.Fatal(err)
	}
	must(t, with(out, []string{"-resume", "-data", moved, "-save-every", "5", "-lr", "0.05"})...)
	if err := os.Remove(out[1]); err != nil {
		t.Fatal(err)
	}
	if _, err := program(t, with(out, []string{"-resume"})...); err == nil || !strings.Contains(err.Error(), "the best network so far, that of epoch ") {
		t.Errorf("without the best network: %v", err)
	}
}

// A loss that is no number ends the run; the networks of before stay.
func TestDiverges(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	dir, out := outputs(t)
	args := with(out, images, []string{"-width", "4", "-batch", "8", "-epochs", "4", "-augment", "none", "-schedule", "step=1:0.99"})
	_, err := program(t, with(args, []string{"-lr", "1e30"})...)
	if err == nil || !strings.Contains(err.Error(), " of 8 (epoch 1) at a learning rate of 1e+30: a smaller -lr") || !strings.Contains(err.Error(), "no network is kept") {
		t.Errorf("error %v", err)
	}
	if left := files(t, dir); len(left) > 0 {
		t.Errorf("left %d files", len(left))
	}
	// Later, a good network is there.
	must(t, with(args, []string{"-lr", "0.01", "-epochs", "1"})...)
	good := files(t, dir)
	o, err := parse(t.Context(), with(out, []string{"-resume", "-epochs", "4"}), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	o.lr = number{1e30, true}
	var stdout, stderr bytes.Buffer
	s, err := open(t.Context(), o, &stdout, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	defer s.data.close()
	if err := s.train(t.Context()); err == nil || !strings.Contains(err.Error(), "(epoch 2)") || !strings.Contains(err.Error(), out[1]+" has the network of epoch 1") {
		t.Errorf("error %v", err)
	}
	for name, content := range files(t, dir) {
		if content != good[name] {
			t.Errorf("%s has changed", name)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "n.state.safetensors")); err == nil {
		t.Error("the state is still there, and would only lead here again")
	}
}

// A state of another program, or of none, is an error.
func TestBadStates(t *testing.T) {
	dir, out := outputs(t)
	path := filepath.Join(dir, "n.state.safetensors")
	for _, c := range []struct{ text, want string }{
		{"", "is no state of this program"},
		{"{", "unexpected end"},
		{`{"version":2}`, "a state of version 2, this program goes on with version 1"},
		{`{"version":1,"steps":2,"step":3}`, "contradicts itself"},
		{`{"version":1,"steps":2,"epoch":1}`, "contradicts itself"},
		{`{"version":1,"steps":2,"settings":{"epochs":"x"}}`, "its setting -epochs x"},
		{`{"version":1,"steps":2,"settings":{"scenes":"60"}}`, "-resume: the embedded scenes has 60 images"},
		{`{"version":1,"steps":3,"settings":{"scenes":"60"},"images":{"train":60,"validation":20,"classes":["arrow","boat","cross","fish","heart","house","key","moon","star","tree"],"labels":"x"}}`, "images of other classes, or in another order"},
	} {
		sd := &checkpoint.StateDict{}
		if c.text != "" {
			sd.Metadata = map[string]string{stateKey: c.text}
		}
		one, err := checkpoint.NewFloat32("x", []int{1}, []float32{1})
		if err != nil {
			t.Fatal(err)
		}
		if err := sd.Add(one); err != nil {
			t.Fatal(err)
		}
		if err := checkpoint.SaveSafetensors(t.Context(), path, sd); err != nil {
			t.Fatal(err)
		}
		if _, err := program(t, with(out, []string{"-resume"})...); err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: error %v, want %q", c.text, err, c.want)
		}
	}
}
