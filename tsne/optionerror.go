package tsne

import (
	"fmt"
	"reflect"
)

// An OptionError says which option is out of range.
type OptionError struct {
	Option string // the name of the field of Options
	Value  any
	Want   string // what it has to be
}

func (e *OptionError) Error() string {
	return fmt.Sprintf("%s is %s, want %s", e.Option, e.Shown(), e.Want)
}

// Shown is the value for people: names in quotes.
func (e *OptionError) Shown() string {
	if v := reflect.ValueOf(e.Value); v.Kind() == reflect.String {
		return fmt.Sprintf("%q", v.String())
	}
	return fmt.Sprint(e.Value)
}

// outOfRange returns an OptionError under the package's name.
func outOfRange(option string, value any, want string, args ...any) error {
	return fmt.Errorf("tsne: %w", &OptionError{option, value, fmt.Sprintf(want, args...)})
}
