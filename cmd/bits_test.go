package cmd_test

import (
	"fmt"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/glimpse-go/glimpse/internal/testkit/golden"
)

// spent are the parts of a program's findings that tell how long it took.
var spent = regexp.MustCompile(`[0-9.]+ (s\b|images/s)`)

// What a program writes and prints is the same, byte for byte, from run to
// run, for any number of cores and any size of the batches.
func TestSameBytes(t *testing.T) {
	all := jobs(t)
	all = append(all,
		job{"tsne", []string{"-scenes", "50", "-perplexity", "8", "-iterations", "60", "-thumbnails", "-components", "3", "-save", "s.npy", "-html", "tsne.html"},
			[]string{"tsne.png", "tsne.html", "tsne.npy", "tsne.csv", "s.npy", "s_labels.npy"}},
		job{"pca", []string{"-scenes", "50", "-components", "0.9", "-thumbnails", "-scree", "s.png", "-out", "pca.svg", "-model", "m.json"},
			[]string{"pca.svg", "pca.npy", "pca.csv", "s.png", "m.json"}})
	if long {
		data := filepath.Dir(golden.SharedData(t, "cifar-10-batches-bin", "test_batch.bin"))
		for _, program := range []string{"tsne", "pca"} {
			all = append(all, job{program, []string{"-data", data, "-count", "3000", "-save", "s.npy"},
				[]string{program + ".png", program + ".npy", program + ".csv", "s.npy", "s_labels.npy"}})
		}
	}
	settings := []struct{ procs, batch int }{{1, 40}, {3, 7}, {8, 1}}
	if long {
		settings = append(settings, []struct{ procs, batch int }{{1, 40}, {2, 2}, {4, 16}, {5, 17}, {6, 39}, {7, 33}, {8, 40}}...)
	}
	for _, j := range all {
		var files map[string]string
		var said string
		for i, v := range settings {
			c := j.command(t.TempDir())
			c.env = []string{fmt.Sprint("GOMAXPROCS=", v.procs)}
			c.args = append([]string{"-batch", fmt.Sprint(v.batch)}, j.args...)
			o := c.mustRun(t)
			got, line := contents(t, c.dir), spent.ReplaceAllString(o.stdout, "")
			if i == 0 {
				files, said = got, line
				j.wrote(t, files)
				continue
			}
			what := fmt.Sprintf("%s at GOMAXPROCS=%d, batches of %d", j.program, v.procs, v.batch)
			sameFiles(t, what, got, files)
			if line != said {
				t.Errorf("%s: it says\n%s\nand before\n%s", what, line, said)
			}
		}
	}
}
