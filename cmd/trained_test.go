package cmd_test

import (
	"strings"
	"testing"
)

// What train makes of the embedded scenes the other programs take without a flag but its
// name, and it says so.
func TestTrained(t *testing.T) {
	dir := t.TempDir()
	o := command{program: "train", dir: dir, args: []string{"-scenes", "40", "-epochs", "1", "-batch", "20", "-width", "4"}}.mustRun(t)
	if !strings.Contains(o.stdout, "\nsee       cam -weights network.safetensors\n") {
		t.Error(o)
	}
	for _, c := range []struct {
		program string
		args    []string
		want    string
	}{
		{"cam", []string{"-scenes", "20", "-start", "0", "-count", "4"}, "ResNet18, base width 4, 10 classes"},
		{"tsne", []string{"-scenes", "30", "-perplexity", "5", "-iterations", "20"}, "features  30 x 32: embedded scenes"},
		{"pca", []string{"-scenes", "30"}, "features  30 x 32: embedded scenes"},
	} {
		o := command{program: c.program, dir: dir, args: append([]string{"-weights", "network.safetensors"}, c.args...)}.mustRun(t)
		if !strings.Contains(o.stdout, c.want) {
			t.Errorf("%s: no %q: %v", c.program, c.want, o)
		}
	}
}
