package table

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/glimpse-go/glimpse/cmd/internal/npy"
	"github.com/glimpse-go/glimpse/internal/budget"
	"github.com/glimpse-go/glimpse/internal/testkit/countdown"
	"github.com/glimpse-go/glimpse/internal/testkit/promise"
)

// write puts a file in a folder of the test, and returns its path.
func write(t testing.TB, name, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(content), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

// TestTexts has tables whose cells RFC 4180 and the words of this package tell.
func TestTexts(t *testing.T) {
	for text, want := range map[string]string{
		"1,2\n3,4":                      "2 2 [1 2 3 4]",
		"1,2\r\n3,4\r\n\r\n":            "2 2 [1 2 3 4]",
		"\n\n 1 , 2 \n\n3,4\n":          "2 2 [1 2 3 4]",
		"1\n2\n3":                       "3 1 [1 2 3]",
		"-1e3;+.5":                      "1 2 [-1000 0.5]",
		"1\t2":                          "1 2 [1 2]",
		"1 2\t3":                        "error names of columns, and no rows",
		"0 2\t3\n1 2\t3":                "error line 2: column 1 holds \"1 2\"",
		"1   2 3 \n 4 5 6":              "2 3 [1 2 3 4 5 6]",
		"a,b\n1,2":                      "1 2 [1 2]",
		"a b,c\n1,2":                    "1 2 [1 2]",
		"\"a\nb,\",c\n1,2":              "1 2 [1 2]",
		"\"1\",\"2\"":                   "1 2 [1 2]",
		"0,1\n5,6":                      "1 2 [5 6] its first row taken for names of columns", // pandas'
		"5,NA\n4,3":                     "1 2 [4 3] its first row taken for names of columns",
		"0\n5":                          "2 1 [0 5]",
		"0,2\n5,6":                      "2 2 [0 2 5 6]",
		",0,1\n0,5,6\n1,7,8":            "2 2 [5 6 7 8] without its index",
		",0,1\n7,5,6\n2,7,8":            "2 2 [5 6 7 8] without its index", // of rows that were shuffled
		"\"\",\"a\"\n\"1\",5\n\"2\",6":  "2 1 [5 6] without its index",     // R's
		",0,1\n0.5,5,6\n2,7,8":          "2 3 [0.5 5 6 2 7 8]",             // no index
		"PK,PAR1,BZh\n1,2,3":            "1 3 [1 2 3]",
		"ARROW1,a\n1,2":                 "1 2 [1 2]",
		",a\n0,5\n1,6":                  "2 1 [5 6] without its index",
		"id,a\n0,5\n1,6":                "2 2 [0 5 1 6]", // it has a name
		"# x y\n1 2\n# z\n3 4":          "2 2 [1 2 3 4]",
		"\ufeff1,2":                     "1 2 [1 2]",
		"a;b\n1,5;2":                    "error line 2: column 1 holds \"1,5\", want finite numbers",
		"1,2\n3":                        "error line 2: 1 cells, want 2",
		"1,2\n3,4,5":                    "error line 2: 3 cells, want 2",
		"1,2\n3,":                       "error line 2: column 2 holds \"\"",
		"1,2\n3,nan":                    "error line 2: column 2 holds \"nan\"",
		"1,2\n3,1e999":                  "error column 2 holds \"1e999\"",
		"a,b\n1,2\n\n\"3\n\",x":         "error line 4: column 1 holds \"3\\n\"",
		"a,b":                           "error names of columns, and no rows",
		"\n\n":                          "error no rows",
		"# only\n":                      "error no rows",
		"":                              "error the file is empty",
		"1,\"2\n3,4":                    "error line 1: a quotation that does not end",
		"1\"2,\"3\n":                    "error line 1: a quotation that does not end",
		"1,\"2\"3\n":                    "error line 1: \"3\" behind a quotation",
		"\xff\xfe1\x00,\x002\x00":       "error UTF-16",
		"1,2\x00":                       "error not a text",
		"PAR1\x15\x04\x15":              "error Parquet",
		"\x89HDF\r\n":                   "error HDF5",
		"\x80\x04\x95":                  "error pickle",
		"\x1f\x8b\x08":                  "error gzip",
		"ARROW1\x00\x00":                "error Arrow",
		"MATLAB 5.0 MAT-file":           "error MATLAB",
		"MATLAB 7.3 MAT-file, Platform": "error MATLAB 7.3",
		"BZh11AY&SY":                    "error bzip2",
		"BZh91AY&SY":                    "error bzip2",
		"{\"x\": [1, 2]}\n":             "error names of columns, and no rows",
		"PK\x03\x04":                    "error npz: zip",
		"\x93NUMPY\x09":                 "error npy: ",
		"label\ncat\ndog":               "error line 2: column 1 holds \"cat\"",
		"1" + strings.Repeat(",1", 100): "1 101 [" + strings.Repeat("1 ", 100) + "1]",
	} {
		f, err := LoadFeatures(t.Context(), write(t, "x.csv", text))
		if message, refused := strings.CutPrefix(want, "error "); refused {
			if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), "x.csv: ") {
				t.Errorf("%q: error %v, want one with %q", text, err, message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", text, err)
			continue
		}
		if got := strings.TrimSpace(fmt.Sprint(f.N, f.D, f.X, " ", f.Note)); strings.Join(strings.Fields(got), " ") != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
}

func TestLabelTexts(t *testing.T) {
	for _, c := range []struct {
		text, column string
		n            int
		want         string
	}{
		{"cat\ndog\ncat", "", 3, "[0 1 0] [cat dog]"},
		{"dog\ncat\ndog", "", 3, "[1 0 1] [cat dog]"},
		{"dog\ncat\ndog", "", 2, "[0 1] [cat dog]"}, // a name of the column, and two labels
		{"x\n3\n1", "", 2, "[3 1] []"},
		{"3\n1", "", 2, "[3 1] []"},
		{"7\n3\n1", "", 2, "[3 1] []"},
		{"3.0\n1e0\n-1\nnan", "", 4, "[3 1 -1 -1] []"},
		{"10\n9\nx", "", 3, "[0 1 2] [10 9 x]"},
		{"# label\n2\n1", "", 2, "[2 1] []"},
		{"New York\nRome", "", 2, "[0 1] [New York Rome]"},
		{"a,cat\nb,\nc,dog", "", 3, "error 3 columns"},
		{"id,y\n7,cat\n8,\n9,dog", "y", 3, "[0 -1 1] [cat dog]"},
		{"id,y\n7,cat\n8,\n9,dog", "id", 3, "[7 8 9] []"},
		{"id,y\n7,cat\n8,\n9,dog", "", 3, "error 2 columns, id, y, want one: say which, as FILE.csv:y"},
		{"id,y\n7,cat\n8,\n9,dog", "z", 3, "error no column \"z\", but id, y"},
		{"7,cat\n8,dog", "y", 2, "error no column \"y\": the first row is no names"},
		{",y\n0,cat\n1,dog", "", 2, "[0 1] [cat dog]"},
		{",y\n0,5\n1,6", "", 2, "[5 6] []"},
		{",y\n17,5\n3,6", "", 2, "[5 6] []"},
		{"species\na\n\nb\n", "", 3, "[0 -1 1] [a b]"},
		{"a\n\n\nb\n\n", "", 4, "[0 -1 -1 1] [a b]"},
		{"a\n\nb\n\nc", "", 3, "[0 1 2] [a b c]"}, // lines that are parted by empty ones
		{"a,b\n0,1\n\n1,0", "", 2, "[1 0] [a b]"},
		{"0,1\n1,0\n0,0", "", 3, "[1 0 -1] []"},
		{"b,a\n0,1\n1,0", "", 2, "[1 0] [b a]"},
		{"0,2\n1,0", "", 2, "error line 1: 2, want one column of labels, or one-hot rows"},
		{"1,1\n1,0", "", 2, "error line 1: 2 of the 2 columns are 1"},
		{"0.5\n1", "", 2, "error line 1: 0.5, want class numbers, not measured values"},
		{"-2\n1", "", 2, "error line 1: -2, want a class number"},
		{"3e9\n1", "", 2, "error line 1: 3e+09, want a class number"},
		{"1\n2\n3\n4", "", 2, "error 4 rows, want a label for each of the 2 points"},
		{"1", "", 2, "error 1 rows"},
		{"1\n2,3", "", 2, "error line 2: 2 cells, want 1"},
		{"", "", 2, "error the file is empty"},
	} {
		path := write(t, "y.csv", c.text)
		if c.column != "" {
			path += ":" + c.column
		}
		l, err := LoadLabels(t.Context(), path, c.n)
		if message, refused := strings.CutPrefix(c.want, "error "); refused {
			if c.text == "a,cat\nb,\nc,dog" {
				message = "2 columns, want one of labels"
			}
			if err == nil || !strings.Contains(err.Error(), message) || !strings.Contains(err.Error(), "y.csv") {
				t.Errorf("%q: error %v, want one with %q", c.text, err, message)
			}
			continue
		}
		if err != nil {
			t.Errorf("%q: %v", c.text, err)
			continue
		}
		if got := fmt.Sprint(l.Of, " ", l.Names); got != c.want {
			t.Errorf("%q: %s, want %s", c.text, got, c.want)
		}
	}
	if _, err := LoadFeatures(t.Context(), write(t, "x.csv", "a,b\n1,2")+":a"); err == nil || !strings.Contains(err.Error(), "leave its name out") {
		t.Errorf("features of one column: %v", err)
	}
}

func TestArrayLabels(t *testing.T) {
	save := func(shape []int, v ...float64) string {
		path := filepath.Join(t.TempDir(), "y.npy")
		if err := npy.Save(t.Context(), path, shape, v); err != nil {
			t.Fatal(err)
		}
		return path
	}
	nan := nan
	for _, c := range []struct {
		path string
		want string
	}{
		{save([]int{4}, 0, 5, -1, nan), "[0 5 -1 -1]"},
		{save([]int{4, 2}, 0, 1, 1, 0, 0, 0, 0, 1), "[1 0 -1 1]"},
		{save([]int{4, 1}, 1, 2, 3, 4), "[1 2 3 4]"},
		{save([]int{1, 4, 1}, 1, 2, 3, 4), "[1 2 3 4]"},
		{save([]int{2, 2}, 1, 2, 3, 4), "error shape [2 2], want a label for each of the 4 points"},
		{save([]int{3}, 1, 2, 3), "error shape [3]"},
		{save([]int{4, 2}, 0, 1, 1, 0, 0.5, 0.5, 0, 1), "error row 2: 0.5, want one column of labels, or one-hot rows"},
		{save([]int{4, 2}, 0, 1, 1, 1, 0, 0, 0, 1), "error row 1: 2 of the 2 columns are 1"},
		{save([]int{4}, 0, 1.5, 0, 0), "error label 1 is 1.5, want class numbers"},
		{save([]int{4}, 0, 1, -2, 0), "error label 2 is -2"},
		{save([]int{4}, 0, 1, 1<<31, 0), "error label 2 is 2.147483648e+09"},
	} {
		l, err := LoadLabels(t.Context(), c.path, 4)
		if message, refused := strings.CutPrefix(c.want, "error "); refused {
			if err == nil || !strings.Contains(err.Error(), message) {
				t.Errorf("error %v, want one with %q", err, message)
			}
		} else if err != nil || fmt.Sprint(l.Of) != c.want || l.Names != nil {
			t.Errorf("labels %v, error %v, want %s", l, err, c.want)
		}
	}
	for _, c := range []struct {
		shape []int
		want  string
	}{
		{[]int{4}, "want n x d features"}, {[]int{2, 2, 1}, "save x.reshape(2, -1)"}, {[]int{0, 4}, "want n x d"},
	} {
		n := 4 * c.shape[0] / max(c.shape[0], 1)
		if _, err := LoadFeatures(t.Context(), save(c.shape, make([]float64, n)...)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("shape %v: error %v", c.shape, err)
		}
	}
	if _, err := LoadFeatures(t.Context(), save([]int{2, 2}, 1, 2, nan, 3)); err == nil || !strings.Contains(err.Error(), "row 1, column 0 is NaN") {
		t.Errorf("NaN: %v", err)
	}
	path := filepath.Join(t.TempDir(), "y.npy")
	if err := npy.Save(t.Context(), path, []int{2}, []int64{0, -2}); err != nil {
		t.Fatal(err)
	}
	if _, err := LoadLabels(t.Context(), path, 2); err == nil || !strings.Contains(err.Error(), "label 1 is -2") {
		t.Errorf("-2: %v", err)
	}
}

// Numbers are their own names, and those far apart are brought together.
func TestNumber(t *testing.T) {
	l := &Labels{Of: []int{2, -1, 0}}
	if l.Number(); !slices.Equal(l.Of, []int{2, -1, 0}) || !slices.Equal(l.Names, []string{"0", "1", "2"}) {
		t.Errorf("%v", l)
	}
	l = &Labels{Of: []int{70000, -1, 5, 70000, 12}}
	if l.Number(); !slices.Equal(l.Of, []int{2, -1, 0, 2, 1}) || !slices.Equal(l.Names, []string{"5", "12", "70000"}) {
		t.Errorf("%v", l)
	}
	l = &Labels{Of: []int{-1, -1}}
	if l.Number(); !slices.Equal(l.Of, []int{-1, -1}) || len(l.Names) != 0 {
		t.Errorf("%v", l)
	}
	many := make([]int, 3000)
	for i := range many {
		many[i] = 2999 - i
	}
	l = &Labels{Of: many}
	if l.Number(); len(l.Names) != 3000 || l.Names[2999] != "2999" || l.Of[0] != 2999 {
		t.Errorf("%d names", len(l.Names))
	}
}

func TestSplitName(t *testing.T) {
	for path, want := range map[string][2]string{
		"a.npz": {"a.npz", ""}, "a.npz:b": {"a.npz", "b"}, `C:\a.NPZ:b:c`: {`C:\a.NPZ`, "b:c"}, "a.npz:": {"a.npz", ""},
		"a.npy:b": {"a.npy:b", ""}, "a.csv:b c": {"a.csv", "b c"}, "a.tsv:b": {"a.tsv", "b"},
	} {
		if file, name := SplitName(path); file != want[0] || name != want[1] {
			t.Errorf("%s: file %q, name %q", path, file, name)
		}
	}
}

func TestStops(t *testing.T) {
	var b strings.Builder
	for i := range 300_000 {
		fmt.Fprintf(&b, "%d,%d\n", i%7, i%5)
	}
	path := write(t, "x.csv", b.String())
	looks := countdown.Stops(t, "LoadFeatures", 1000, 0, func(ctx context.Context) error {
		_, err := LoadFeatures(ctx, path)
		return err
	})
	if looks < 10 {
		t.Errorf("%d looks at the context", looks)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := LoadLabels(ctx, path, 300_000); !errors.Is(err, context.Canceled) {
		t.Errorf("labels: %v", err)
	}
}

// FuzzText reads any text as features and as labels.
func FuzzText(f *testing.F) {
	for _, text := range []string{
		"1,2\n3,4\n", "a,b\n1,2\n", ",0,1\n0,5,6\n", "\"a\"\"b\",c\n1,2", "1 2\n3 4", "# c\n1;2", "x\ncat\n\ndog", "1,\"2\n3\"\n", "\ufeff1\t2\r\n",
		"0,1\n1,0\n", strings.Repeat(",", 50), strings.Repeat("1,", 3000) + "1", strings.Repeat("a\n", 50), strings.Repeat("\"", 99),
		"0\n" + strings.Repeat("6", 400),
	} {
		f.Add([]byte(text), 2)
	}
	f.Fuzz(func(t *testing.T, b []byte, n int) {
		if n < 1 || n > 1<<16 {
			return
		}
		text := func() *file {
			return &file{text: bytes.NewReader(b), size: int64(len(b)), memory: budget.New(int64(len(b)))}
		}
		promise.Keep(t, len(b), 0, func() {
			x, err := textFeatures(t.Context(), text())
			if err == nil && (len(x.X) != x.N*x.D || x.N < 1 || x.D < 1) {
				t.Errorf("%d numbers of %d x %d", len(x.X), x.N, x.D)
			}
		})
		promise.Keep(t, len(b), (columnBytes-4)*uint64(len(b)), func() {
			f := text()
			f.memory = budget.NewMax(columnBytes * f.size)
			columns, err := f.columns(t.Context())
			for _, c := range columns {
				if n := len(c.Numbers) + len(c.Texts); err != nil || n < 1 || n != len(columns[0].Numbers)+len(columns[0].Texts) || c.Name == "" {
					t.Errorf("%d rows of column %q, %v", n, c.Name, err)
				}
			}
		})
		promise.Keep(t, len(b), 0, func() {
			l, err := textLabels(t.Context(), text(), n)
			if err != nil {
				return
			}
			if len(l.Of) != n {
				t.Errorf("%d labels of %d", len(l.Of), n)
			}
			for _, v := range l.Of {
				if v < -1 || l.Names != nil && v >= len(l.Names) {
					t.Errorf("label %d of %q", v, l.Names)
				}
			}
		})
	})
}
