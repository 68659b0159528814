package table

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strconv"

	"github.com/glimpse-go/glimpse/internal/budget"
)

// cells reads a text of rows of cells: parted by commas, semicolons, tabs or white
// space, as its first row is, and quoted as RFC 4180 has it. Empty rows are passed
// over, and so are comments, from # at the beginning of a line on, where they may be.
type cells struct {
	r         *bufio.Reader
	separator byte // 0: white space
	comments  bool
	line      int      // where the row begins, from 1
	lines     int      // read
	row       [][]byte // until the next row is read
	text      []byte
	begun     bool // there was a row
	blank     int  // empty lines between rows
	keep      bool // they are rows of one empty cell
	owed      int  // those still to come before the text of held
	held      bool // text is that of the next row
	memory    *budget.Budget
}

// newCells returns the cells of a text, and finds out what parts them.
func newCells(r io.Reader, comments bool, memory *budget.Budget) (*cells, error) {
	c := &cells{r: bufio.NewReaderSize(r, 1<<16), comments: comments, memory: memory}
	head, err := c.r.Peek(1 << 16)
	if err != nil && err != io.EOF {
		return nil, err
	}
	switch {
	case bytes.HasPrefix(head, []byte("\xff\xfe")), bytes.HasPrefix(head, []byte("\xfe\xff")):
		return nil, errors.New("the text is UTF-16: save it as UTF-8")
	case bytes.HasPrefix(head, []byte("\xef\xbb\xbf")):
		c.r.Discard(3)
		head = head[3:]
	}
	if bytes.IndexByte(head, 0) >= 0 {
		return nil, fmt.Errorf("not a text: it begins with %.8q", head)
	}
	for line := range bytes.Lines(head) {
		if line = bytes.TrimSpace(line); len(line) > 0 && !(comments && line[0] == '#') {
			c.separator = separatorOf(line)
			break
		}
	}
	return c, nil
}

// separatorOf returns what parts the cells of a line: a tab, else a semicolon, else a
// comma, if there is one outside quotes. Numbers without any are parted by spaces.
func separatorOf(line []byte) byte {
	var found [256]bool
	quoted := false
	for _, b := range line {
		if b == '"' {
			quoted = !quoted
		}
		found[b] = found[b] || !quoted
	}
	for _, b := range []byte("\t;,") {
		if found[b] {
			return b
		}
	}
	fields := bytes.Fields(line)
	for _, field := range fields {
		if _, ok := number(field); !ok {
			return ',' // a name may have spaces
		}
	}
	if len(fields) < 2 {
		return ','
	}
	return 0
}

// number returns the value of a cell; one that is empty is NaN.
func number(cell []byte) (float64, bool) {
	if len(cell) == 0 {
		return nan, true
	}
	v, err := strconv.ParseFloat(string(cell), 64)
	return v, err == nil || errors.Is(err, strconv.ErrRange)
}

// next reads a row; io.EOF ends the text.
func (c *cells) next() error {
	if c.owed > 0 {
		c.owed--
		return c.nothing()
	}
	for gap := 0; !c.held; {
		if err := c.read(); err != nil {
			return err
		}
		switch {
		case len(bytes.TrimSpace(c.text)) == 0:
			if c.begun {
				gap++
			}
			continue
		case c.comments && c.text[0] == '#':
			continue
		}
		c.held = true
		if c.blank += gap; c.keep && gap > 0 {
			c.owed = gap - 1
			return c.nothing()
		}
	}
	c.held, c.begun = false, true
	if err := c.split(); err != nil {
		return fmt.Errorf("line %d: %w", c.line, err)
	}
	return nil
}

// nothing is the row of an empty line.
func (c *cells) nothing() error {
	c.row = append(c.row[:0], nil)
	return nil
}

// read reads the text of a row: a line, or several when a quotation goes over its end.
func (c *cells) read() error {
	c.text = c.text[:0]
	c.line = c.lines + 1
	for quotes := 0; ; {
		piece, err := c.r.ReadSlice('\n')
		var full error
		if c.text, full = budget.Grow(c.memory, c.text, len(piece)); full != nil {
			return fmt.Errorf("line %d: %w", c.line, full)
		}
		c.text = append(c.text, piece...)
		quotes += bytes.Count(piece, []byte{'"'})
		switch {
		case err == bufio.ErrBufferFull:
			continue
		case err == io.EOF && len(c.text) == 0:
			return io.EOF
		case err == io.EOF && quotes%2 != 0:
			return fmt.Errorf("line %d: a quotation that does not end", c.line)
		case err != nil && err != io.EOF:
			return err
		}
		c.lines++
		if quotes%2 == 0 || c.comments && c.text[0] == '#' {
			c.text = bytes.TrimRight(c.text, "\r\n")
			return nil
		}
	}
}

// split parts the row, in place, into cells without the white space around them.
func (c *cells) split() error {
	c.row = c.row[:0]
	count := bytes.Count(c.text, []byte{c.separator}) + 1
	if c.separator == 0 {
		count = len(c.text)/2 + 1
	}
	if count > cap(c.row) {
		var err error
		if c.row, err = budget.Grow(c.memory, c.row, count); err != nil {
			return err
		}
	}
	left := c.text
	if c.separator == 0 {
		for left = bytes.TrimSpace(left); len(left) > 0; left = bytes.TrimSpace(left) {
			n := bytes.IndexAny(left, " \t")
			if n < 0 {
				n = len(left)
			}
			c.row = append(c.row, left[:n])
			left = left[n:]
		}
		return nil
	}
	for more := true; more; {
		var cell []byte
		if trimmed := bytes.TrimLeft(left, " "); len(trimmed) > 0 && trimmed[0] == '"' {
			var n int
			if cell, n = unquote(trimmed); n < 0 {
				return errors.New("a quotation that does not end")
			}
			left = trimmed[n:]
		}
		n := bytes.IndexByte(left, c.separator)
		more = n >= 0
		if !more {
			n = len(left)
		}
		rest := bytes.TrimSpace(left[:n])
		switch {
		case cell == nil:
			cell = rest
		case len(rest) > 0:
			return fmt.Errorf("%.20q behind a quotation", rest)
		}
		c.row = append(c.row, cell)
		left = left[min(n+1, len(left)):]
	}
	return nil
}

// unquote returns what a quotation at the beginning of b says, in place, and how many
// bytes it takes; -1 when it does not end.
func unquote(b []byte) (cell []byte, n int) {
	cell = b[:0]
	for i := 1; i < len(b); i++ {
		if b[i] == '"' {
			if i+1 == len(b) || b[i+1] != '"' {
				return cell, i + 1
			}
			i++
		}
		cell = append(cell, b[i])
	}
	return nil, -1
}
