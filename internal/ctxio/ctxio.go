// Package ctxio gives readers that fail once a context has ended.
package ctxio

import (
	"context"
	"io"
)

// atOnce is the most bytes between two looks at the context.
const atOnce = 1 << 20

// Reader returns r, whose reads fail with ctx's error once ctx has ended. A
// read that has begun is finished; none is for more than a MiB.
func Reader(ctx context.Context, r io.Reader) io.Reader { return reader{ctx, r} }

// ReaderAt is Reader for an io.ReaderAt, whose reads are as long as they are
// asked for, as that interface has it.
func ReaderAt(ctx context.Context, r io.ReaderAt) io.ReaderAt { return readerAt{ctx, r} }

type reader struct {
	ctx context.Context
	r   io.Reader
}

func (c reader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p[:min(len(p), atOnce)])
}

type readerAt struct {
	ctx context.Context
	r   io.ReaderAt
}

func (c readerAt) ReadAt(p []byte, off int64) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.ReadAt(p, off)
}
