package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/glimpse-go/glimpse/data"
)

// fetched are the data sets that cmd/fetch brings, with the folders that they
// come in. cifar100 begins with cifar10.
var fetched = []struct {
	format data.Format
	folder string
}{
	{data.CIFAR100, "cifar-100-binary"},
	{data.CIFAR10, "cifar-10-batches-bin"},
	{data.STL10, "stl10_binary"},
}

// fetchHint adds to an error of -data, when there is no data, the command that
// downloads the data set which the path's last name suggests, to where -data
// finds it.
func fetchHint(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, data.ErrNotDataset) {
		return err
	}
	path = filepath.Clean(path)
	name := filepath.Base(path)
	plain := strings.NewReplacer("-", "", "_", "", " ", "").Replace(strings.ToLower(name))
	for _, s := range fetched {
		if !strings.Contains(plain, string(s.format)) {
			continue
		}
		dir := path // which then holds the data set's own folder
		if name == s.folder {
			dir = filepath.Dir(path)
		}
		args := string(s.format)
		if dir != "." {
			if strings.ContainsAny(dir, " \t\"'`$&;()<>|*?[]#~!\\") {
				dir = strconv.Quote(dir)
			}
			args = "-dir " + dir + " " + args
		}
		return fmt.Errorf("%w (go run ./cmd/fetch %s downloads it)", err, args)
	}
	return fmt.Errorf("%w (go run ./cmd/fetch cifar10, cifar100 or stl10 downloads a data set)", err)
}
