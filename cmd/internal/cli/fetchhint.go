package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/glimpse-go/glimpse/data"
)

// fetchHint adds to an error of -data, when there is no data, the command that
// downloads the data set which the path's last name suggests.
func fetchHint(path string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, data.ErrNotDataset) {
		return err
	}
	name := strings.ToLower(filepath.Base(filepath.Clean(path)))
	name = strings.NewReplacer("-", "", "_", "", " ", "").Replace(name)
	set := "cifar10, cifar100 or stl10"
	for _, s := range []data.Format{data.CIFAR100, data.CIFAR10, data.STL10} { // cifar100 begins with cifar10
		if strings.Contains(name, string(s)) {
			set = string(s)
			break
		}
	}
	return fmt.Errorf("%w (go run ./cmd/fetch %s downloads it)", err, set)
}
