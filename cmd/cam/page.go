package main

import (
	"context"
	"image"
	"slices"
	"strings"

	"github.com/glimpse-go/glimpse/cam"
	"github.com/glimpse-go/glimpse/cmd/internal/cli"
	"github.com/glimpse-go/glimpse/data"
	"github.com/glimpse-go/glimpse/nn"
	"github.com/glimpse-go/glimpse/render/explorer"
)

// page collects what -html shows: a gallery of the images with their maps.
type page struct {
	*session
	content explorer.Page
	images  []*data.Image
}

func (s *session) newPage() *page {
	kind := s.kind()
	p := &page{session: s, content: explorer.Page{
		Title: strings.ToUpper(kind[:1]) + kind[1:], Classes: s.Model.Classes(),
		Colormap: s.colormap, Alpha: &s.alpha, Color: s.overlay == "color", Gallery: true, AllClasses: s.top > 0,
	}}
	for _, way := range s.ways {
		p.content.Maps = append(p.content.Maps, explorer.Method{Name: way.name})
	}
	return p
}

// further maps, image by image, the likeliest classes and the true one too, so that the class
// can be changed in the page: by cam, where one pass gives all, and unless -top says which.
func (p *page) further(ctx context.Context, b *data.Batch) ([][]drawn, error) {
	out := make([][]drawn, len(b.Samples))
	if !p.options.page.Wanted() || p.top > 0 {
		return out, nil
	}
	_, classes := p.Model.Network().Widths()
	truth := make([]int, len(b.Samples))
	for i, s := range b.Samples {
		if truth[i] = s.Label; s.Label < 0 || s.Label >= classes {
			truth[i] = cam.Predicted
		}
	}
	for _, way := range p.ways {
		if way.method != cam.Method(cam.CAM{}) || p.eigen {
			continue
		}
		mapper, err := cam.New(p.Model.Network(), way.layer)
		if err != nil {
			return nil, err
		}
		_, maps, err := mapper.Several(ctx, tensor(b), func(logits *nn.Tensor) [][]int {
			return append(cli.Likeliest(logits, cli.FreeClasses), truth)
		})
		if err != nil {
			return nil, err
		}
		for _, rank := range maps {
			for i, m := range rank {
				out[i] = append(out[i], drawn{way, m})
			}
		}
	}
	return out, nil
}

// add adds an image as the network saw it, with its maps, way by way; of those of one class
// the first.
func (p *page) add(sample data.Sample, im *data.Image, maps []drawn, probabilities []float64) {
	if !p.options.page.Wanted() {
		return
	}
	c := &p.content
	c.Labels = append(c.Labels, sample.Label)
	c.Names = append(c.Names, sample.Name)
	c.Probabilities = append(c.Probabilities, probabilities)
	p.images = append(p.images, im)
	for k, way := range p.ways {
		var of []explorer.Map
		for _, d := range maps {
			if d.way == way && !slices.ContainsFunc(of, func(m explorer.Map) bool { return m.Class == d.m.Class }) {
				of = append(of, cli.PageMap(p.shown(d.m)))
			}
		}
		c.Maps[k].Maps = append(c.Maps[k].Maps, of)
	}
}

// write writes the page where -html says.
func (p *page) write(ctx context.Context) error {
	flags := &p.options.page
	if !flags.Wanted() {
		return nil
	}
	if err := flags.Fits(len(p.content.Names)); err != nil {
		return err
	}
	if !slices.ContainsFunc(p.content.Labels, func(l int) bool { return l >= 0 }) {
		p.content.Labels = nil
	}
	if !flags.NoImages {
		p.content.Images = func(i int) (image.Image, error) { return p.images[i], nil }
	}
	if err := flags.Write(ctx, p.stderr, &p.content, p.Opened, nil); err != nil {
		return err
	}
	p.line("page", "%s", flags.HTML)
	return nil
}
