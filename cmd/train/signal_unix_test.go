//go:build unix

package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A signal ends the program after the step in hand, with its status, and a word on how to
// go on.
func TestSignal(t *testing.T) {
	images := []string{"-data", stripes(t, t.TempDir(), 8, 16)}
	dir, out := outputs(t)
	cmd, stderr := process(t, "", with(out, images, ways["sgd"], []string{"-epochs", "500"})...)
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	for range 10_000 { // until an epoch is done
		if _, err := os.Stat(filepath.Join(dir, "n.last.safetensors")); err == nil {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	cmd.Wait()
	if code := cmd.ProcessState.ExitCode(); code != 143 || !strings.Contains(stdout.String(), "\nstopped   after ") || strings.Count(stderr.String(), "\n") != 1 {
		t.Errorf("status %d, want 143\nstdout: %s\nstderr: %s", code, &stdout, stderr)
	}
	whole(t, "after a signal", dir)
	if got := files(t, dir); got["n.state.safetensors"] == "" || got["n.last.safetensors"] == "" {
		t.Errorf("there are %v", slices.Sorted(maps.Keys(got)))
	}
}
