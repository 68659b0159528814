package pickle_test

import (
	"fmt"
	"strings"

	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/pickle"
)

// refuseAll is the Env of a format that needs no names.
type refuseAll struct{}

func (refuseAll) Global(module, name string) (any, error) {
	return nil, fmt.Errorf("global %s.%s is refused", module, name)
}
func (refuseAll) Call(f any, args pickle.Tuple) (any, error) { return nil, fmt.Errorf("a call") }
func (refuseAll) Build(obj, state any) (any, error)          { return nil, fmt.Errorf("a state") }
func (refuseAll) Persistent(id any) (any, error)             { return nil, fmt.Errorf("an id") }

func Example() {
	for _, data := range []string{
		"\x80\x02}X\x05\x00\x00\x00labelK\x03s.",            // {"label": 3}
		"\x80\x02cposix\nsystem\nX\x02\x00\x00\x00ls\x85R.", // os.system("ls")
	} {
		size := int64(len(data))
		v, _, err := pickle.Decode(strings.NewReader(data), 0, size, budget.New(size), refuseAll{})
		if err != nil {
			fmt.Println(err)
			continue
		}
		for _, e := range v.(*pickle.Dict).Entries {
			fmt.Println(e.Key, e.Value)
		}
	}
	// Output:
	// label 3
	// pickle byte 2: global posix.system is refused
}
