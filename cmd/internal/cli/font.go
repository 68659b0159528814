package cli

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode"

	"github.com/glimpse-go/glimpse/internal/ctxio"
	"github.com/glimpse-go/glimpse/internal/visible"
	"github.com/glimpse-go/glimpse/render"
)

// Fonts are the fonts of -font, which set what the built-in one lacks.
type Fonts struct {
	paths []string
	fonts []*render.Font
}

// AddFlags defines -font. A program that writes .svg says so.
func (f *Fonts) AddFlags(flags *flag.FlagSet, svg bool) {
	usage := "font `file` (.ttf, .otf, .ttc) for characters that the built-in font lacks, which has the Latin letters of Europe, Greek and Cyrillic; given again, for what the first lacks. Arabic letters are not joined, nor those of Indian scripts combined"
	if svg {
		usage += ": what shows an .svg does so, with fonts of its own"
	}
	flags.Func("font", usage, func(path string) error {
		if path == "" {
			return errors.New("an empty text")
		}
		f.paths = append(f.paths, path)
		return nil
	})
}

// maxFont is the size of the largest font file that is read. The largest of those in
// use, collections of Chinese, Japanese and Korean fonts in all weights, have half.
const maxFont = 256 << 20

// Load reads the fonts, so that what is wrong with them is said before the work.
func (f *Fonts) Load(ctx context.Context) error {
	for _, path := range f.paths {
		fonts, err := loadFont(ctx, path)
		if err != nil {
			return fmt.Errorf("-font: %w", err)
		}
		f.fonts = append(f.fonts, fonts...)
	}
	return nil
}

func loadFont(ctx context.Context, path string) ([]*render.Font, error) {
	// Looked at before it is opened: opening a named pipe would wait for ever.
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s: want a font file (.ttf, .otf, .ttc), not a folder or device", path)
	}
	if info.Size() > maxFont {
		return nil, fmt.Errorf("%s: %d bytes are too many for a font, want at most %d", path, info.Size(), maxFont)
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	content := make([]byte, info.Size())
	if _, err := io.ReadFull(ctxio.Reader(ctx, file), content); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	fonts, err := render.ParseFonts(content)
	if err != nil {
		return nil, fmt.Errorf("%s: %s", path, strings.TrimPrefix(err.Error(), "render: font: "))
	}
	return fonts, nil
}

// Inputs returns the files of -font.
func (f *Fonts) Inputs() []File {
	var files []File
	for _, path := range f.paths {
		files = append(files, File{"font", path})
	}
	return files
}

// Fonts are those of Load.
func (f *Fonts) Fonts() []*render.Font { return f.fonts }

// Warn says on stderr, once for a figure, what its texts have that it cannot show. A
// figure in SVG is set by its reader.
func (f *Fonts) Warn(stderr io.Writer, figure string, texts ...string) {
	if strings.HasSuffix(strings.ToLower(figure), ".svg") {
		return
	}
	missing := render.Missing(f.fonts, texts...)
	if len(missing) > 0 {
		what := "the built-in font lacks"
		if len(f.fonts) > 0 {
			what = "the built-in font and -font lack"
		}
		Note(stderr, "%s shows boxes for %s; a font that has them can be given by -font", figure, describe(missing, what))
	}
	drawn := strings.Join(texts, " ")
	for _, r := range missing {
		drawn = strings.ReplaceAll(drawn, string(r), "")
	}
	if scripts := render.Unshaped(drawn); len(scripts) > 0 {
		Note(stderr, "%s shows letters of %s one by one, neither joined nor combined", figure, strings.Join(scripts, ", "))
	}
}

// describe says which characters are missing: "3 characters that the built-in font
// lacks: 你 好 猫 (Han)".
func describe(missing []rune, what string) string {
	const most = 10
	var shown, scripts []string
	seen := map[string]bool{}
	for i, r := range missing {
		if i < most {
			shown = append(shown, visible.Text(string(r)))
		}
		if name := scriptOf(r); !seen[name] {
			seen[name] = true
			scripts = append(scripts, name)
		}
	}
	list := strings.Join(shown, " ")
	if len(missing) > most {
		list += " …"
	}
	noun := "characters"
	if len(missing) == 1 {
		noun = "character"
	}
	return fmt.Sprintf("%d %s that %s: %s (%s)", len(missing), noun, what, list, visible.List(scripts))
}

// scriptOf is the name of a character's script in Unicode.
func scriptOf(r rune) string {
	for name, table := range unicode.Scripts {
		if name != "Common" && name != "Inherited" && unicode.Is(table, r) {
			return name
		}
	}
	return "symbols"
}
