package table

import (
	"fmt"
	"strings"
	"testing"
)

func TestColumns(t *testing.T) {
	for text, want := range map[string]string{
		"a,b\n1,x\n2.5,y\n":                  `a [1 2.5] [], b [] [x y]`,
		"a\tb c\n1\t\n\t2":                   `a [1 NaN] [], b c [NaN 2] []`,
		"size,who\r\n1,\"x, \"\"y\"\"\"\r\n": `size [1] [], who [] [x, "y"]`,
		",a\n0,5\n1,6":                       `a [5 6] []`, // pandas' index
		",a\n0,5\n2,6":                       "a [5 6] []", // an index, of some rows
		"id,\n0,5\n1,6":                      `id [0 1] [], column 2 [5 6] []`,
		"0,1\n5,6":                           `0 [5] [], 1 [6] []`, // the first row is names
		"a\n1\n\n2\nthree":                   `a [] [1 2 three]`,
		"a,b\n1,2\n3":                        "error line 3: 1 cells, want 2 as in the first row",
		"a,b\n1,1e999":                       `error line 2: column "b" holds "1e999", want finite numbers`,
		"a,b\n-inf,1":                        `error line 2: column "a" holds "-inf"`,
		"a,b\n":                              "error names of columns, and no rows",
		"\n \n":                              "error no rows",
		",\n0,1\n1,2":                        `column 2 [1 2] []`,
	} {
		got, err := LoadColumns(t.Context(), write(t, "x.csv", text))
		check(t, fmt.Sprintf("%q", text), got, err, want)
	}
	path := write(t, "x.csv", "a,b\n1,2\n3,4\n")
	got, err := LoadColumns(t.Context(), path+":b")
	check(t, "b alone", got, err, "b [2 4] []")
	got, err = LoadColumns(t.Context(), path+":c")
	check(t, "no c", got, err, `error no column "c"`)
	got, err = LoadColumns(t.Context(), "testdata/none.csv")
	check(t, "no file", got, err, "error testdata/none.csv: no such file")

	// Short cells of many rows are no reason to refuse a table.
	got, err = LoadColumns(t.Context(), write(t, "x.csv", "a,b\n"+strings.Repeat("x,\n", 200_000)))
	if err != nil || len(got) != 2 || len(got[0].Texts) != 200_000 || len(got[1].Numbers) != 200_000 {
		t.Errorf("200,000 rows: %d columns, %v", len(got), err)
	}
}

// check compares columns, or their error's beginning, with how they are written here.
func check(t *testing.T, what string, got []Column, err error, want string) {
	t.Helper()
	var parts []string
	for _, c := range got {
		parts = append(parts, fmt.Sprintf("%s %v %v", c.Name, c.Numbers, c.Texts))
	}
	text := strings.Join(parts, ", ")
	if err != nil {
		text = "error " + err.Error()
	}
	if wanted, ok := strings.CutPrefix(want, "error "); ok && (err == nil || !strings.Contains(text, wanted)) || !ok && text != want {
		t.Errorf("%s: %s, want %s", what, text, want)
	}
}
