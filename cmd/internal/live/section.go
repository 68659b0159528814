package live

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
)

// A program is one file: the module, with the JavaScript that starts it as a custom section
// at its end, which engines pass over (WebAssembly Core Specification 2.0, 5.5.3).

// sectionName is the name of that section.
const sectionName = "glimpse-exec"

// magic begins a module of version 1.
var magic = []byte("\x00asm\x01\x00\x00\x00")

// Pack returns the program as one file.
func (p *Program) Pack() []byte {
	body := binary.AppendUvarint(nil, uint64(len(sectionName))) // LEB128 without a sign
	body = append(body, sectionName...)
	body = append(body, p.Exec...)
	out := append(bytes.Clone(p.Wasm), 0) // a custom section
	out = binary.AppendUvarint(out, uint64(len(body)))
	return append(out, body...)
}

// unpack reads what Pack returned. Both parts share its memory.
func unpack(content []byte) (*Program, error) {
	if !bytes.HasPrefix(content, magic) {
		return nil, fmt.Errorf("it begins with %q, not as WebAssembly does", content[:min(len(content), 8)])
	}
	for rest := content[len(magic):]; len(rest) > 0; {
		begin := len(content) - len(rest)
		id := rest[0]
		body, after, err := sized(rest[1:])
		if err != nil {
			return nil, fmt.Errorf("offset %d: section %d: %w", begin, id, err)
		}
		if id == 0 {
			name, exec, err := sized(body)
			if err != nil {
				return nil, fmt.Errorf("offset %d: a custom section: %w", begin, err)
			}
			if string(name) == sectionName {
				if len(after) > 0 {
					return nil, fmt.Errorf("offset %d: %d bytes after section %s", begin, len(after), sectionName)
				}
				return &Program{Wasm: content[:begin:begin], Exec: exec}, nil
			}
		}
		rest = after
	}
	return nil, fmt.Errorf("WebAssembly without a section %q: not a %s of a release", sectionName, FileName)
}

// sized splits off what a length in LEB128 comes before.
func sized(b []byte) (body, rest []byte, err error) {
	n, used := binary.Uvarint(b)
	if used <= 0 || used > 5 {
		return nil, nil, errors.New("a length that is none")
	}
	if n > uint64(len(b)-used) {
		return nil, nil, fmt.Errorf("%d bytes, but there are only %d more", n, len(b)-used)
	}
	return b[used : used+int(n)], b[used+int(n):], nil
}
