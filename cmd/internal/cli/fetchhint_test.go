package cli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestFetchHint(t *testing.T) {
	dir := t.TempDir()
	empty := filepath.Join(dir, "stl10_binary")
	broken := filepath.Join(dir, "cifar-10-batches-bin")
	for _, name := range []string{empty, broken} {
		if err := os.Mkdir(name, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(broken, "test_batch.bin"), []byte("short"), 0o644); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		filepath.Join(dir, "x", "cifar-10-batches-bin"): "(go run ./cmd/fetch -dir " + filepath.Join(dir, "x") + " cifar10 downloads it)",
		filepath.Join(dir, "cifar-100-binary") + "/":    "(go run ./cmd/fetch -dir " + dir + " cifar100 downloads it)",
		filepath.Join(dir, "CIFAR100"):                  "(go run ./cmd/fetch -dir " + filepath.Join(dir, "CIFAR100") + " cifar100 downloads it)",
		filepath.Join(dir, "my stl10"):                  `(go run ./cmd/fetch -dir "` + filepath.Join(dir, "my stl10") + `" stl10 downloads it)`,
		"no-cifar-10-here":                              "(go run ./cmd/fetch -dir no-cifar-10-here cifar10 downloads it)",
		"cifar-10-batches-bin":                          "(go run ./cmd/fetch cifar10 downloads it)",
		"./stl10_binary":                                "(go run ./cmd/fetch stl10 downloads it)",
		filepath.Join(dir, "photos"):                    "(go run ./cmd/fetch cifar10, cifar100 or stl10 downloads a data set)",
		empty:                                           "(go run ./cmd/fetch -dir " + dir + " stl10 downloads it)",
		broken:                                          "", // data that is damaged is another matter
	} {
		err := (&Source{Data: path}).openData(t.Context(), &Opened{})
		if err == nil {
			t.Errorf("%s: no error", path)
			continue
		}
		text := err.Error()
		if strings.Contains(text, "\n") || !strings.HasSuffix(text, want) || want == "" && strings.Contains(text, "fetch") {
			t.Errorf("%s: %q, expected the end %q", path, text, want)
		}
	}
}
