package data

import "fmt"

// A SampleError says which sample of a data set cannot be read or transformed.
type SampleError struct {
	Index int    // in the data set
	Name  string // of the file, or split and index; "" where it is not known
	Err   error
}

func (e *SampleError) Error() string { return fmt.Sprintf("sample %d: %v", e.Index, e.Err) }

func (e *SampleError) Unwrap() error { return e.Err }

// gaps makes batches of what can be read.
type gaps struct {
	kept, skipped int
	first         *SampleError
}

// close returns the batches that a pending one comes to: itself, unless samples
// are missing or have several sizes, which the options have to allow.
func (g *gaps) close(p *pending, opt BatchOptions) ([]*Batch, error) {
	var kept []int
	for i, err := range p.errs {
		if err == nil {
			kept = append(kept, i)
			continue
		}
		e := &SampleError{p.batch.Index[i], p.batch.Samples[i].Name, err}
		if opt.Skip == nil {
			return nil, e
		}
		if g.skipped++; g.first == nil {
			g.first = e
		}
		opt.Skip(e)
	}
	g.kept += len(kept)
	runs, err := p.runs(kept, opt.AnySize)
	if err != nil {
		return nil, err
	}
	if len(runs) == 1 && len(kept) == len(p.errs) {
		return []*Batch{p.batch}, nil
	}
	var batches []*Batch
	for _, run := range runs {
		batches = append(batches, p.part(run))
	}
	return batches, nil
}

// nothing is an error when all samples were skipped.
func (g *gaps) nothing() error {
	if g.kept > 0 || g.skipped == 0 {
		return nil
	}
	return fmt.Errorf("data: none of %d samples can be read; the first: %w", g.skipped, g.first)
}

// runs splits samples into those that follow each other with one size.
func (p *pending) runs(samples []int, anySize bool) (runs [][]int, err error) {
	for k, i := range samples {
		switch {
		case k == 0:
			runs = append(runs, nil)
		case p.sizes[i] == p.sizes[samples[k-1]]:
		case !anySize:
			first := samples[0]
			return nil, fmt.Errorf("sample %d: %s: %d x %d pixels, but %s has %d x %d: all images of a batch must have one size, as Resize with CenterCrop gives them",
				p.batch.Index[i], p.batch.Samples[i].Name, p.sizes[i][0], p.sizes[i][1], p.batch.Samples[first].Name, p.sizes[first][0], p.sizes[first][1])
		default:
			runs = append(runs, nil)
		}
		runs[len(runs)-1] = append(runs[len(runs)-1], i)
	}
	return runs, nil
}

// part is a batch of some of the samples, which have one size.
func (p *pending) part(samples []int) *Batch {
	w, h := p.sizes[samples[0]][0], p.sizes[samples[0]][1]
	each := 3 * h * w
	b := &Batch{
		Start:  p.batch.Index[samples[0]],
		Shape:  []int{len(samples), 3, h, w},
		Pixels: make([]float32, 0, len(samples)*each),
	}
	for _, i := range samples {
		pixels := p.apart[i]
		if pixels == nil {
			pixels = p.batch.Pixels[i*each : (i+1)*each]
		}
		b.Index = append(b.Index, p.batch.Index[i])
		b.Samples = append(b.Samples, p.batch.Samples[i])
		b.Pixels = append(b.Pixels, pixels...)
	}
	return b
}
