package transforms

import (
	"context"
	"reflect"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"

	"github.com/glimpse-go/glimpse/data"
)

func init() {
	beam.RegisterType(reflect.TypeFor[Failure]())
	beam.RegisterFunction(mapShard)
	beam.RegisterFunction(failureShard)
}

// A Picture is an image that waits for a network.
type Picture struct {
	Shard   int    // number of the shard it came in, from 0 on
	Index   int    // orders the pictures of a shard: the place in the data set, or in the shard
	Name    string // of the file, or split and index as in "test/17"
	Label   int    // class number, -1 when there is none
	Content []byte // an image file; or, where Width is not 0, 3 Width Height bytes of RGB
	Width   int
	Height  int
}

// image decodes the picture.
func (p Picture) image(ctx context.Context, opt data.DecodeOptions) (*data.Image, error) {
	if p.Width > 0 {
		return &data.Image{Width: p.Width, Height: p.Height, Pix: p.Content}, nil
	}
	return data.Decode(ctx, newReader(p.Content), opt)
}

// A Point is what a network made of a picture, and where that lies.
type Point struct {
	Shard, Index int
	Name         string
	Label        int
	Predicted    int // class number, -1 without a last layer
	Features     []float32
	Logits       []float32 // one a class, nil without a last layer
	PCA          []float64 // see Project
	TSNE         []float64 // see Place
}

// A Map is where in a picture a network found its class.
type Map struct {
	Shard, Index  int
	Name          string
	Class         int
	Width, Height int
	Values        []float32 // Height x Width, as in cam.Map
	Overlay       []byte    // PNG of the map over the picture, where it was asked for
}

// A Failure is an image that could not be read, or of which a network makes no numbers. Of a
// shard that could not be read on, Index is -1.
type Failure struct {
	Shard int    `json:"shard"`
	Index int    `json:"index"`
	Name  string `json:"name"`
	Error string `json:"error"`
}

func mapShard(m Map) (int, Map)             { return m.Shard, m }
func failureShard(f Failure) (int, Failure) { return f.Shard, f }

// The metrics of all transforms are in this namespace.
const namespace = "glimpse"

var (
	picturesRead  = beam.NewCounter(namespace, "pictures_read")
	bytesRead     = beam.NewCounter(namespace, "bytes_read")
	picturesDone  = beam.NewCounter(namespace, "pictures_done")
	mapsDone      = beam.NewCounter(namespace, "maps_done")
	failures      = beam.NewCounter(namespace, "failures")
	networkLoads  = beam.NewCounter(namespace, "network_loads")
	shardsWritten = beam.NewCounter(namespace, "shards_written")
	pictureBytes  = beam.NewDistribution(namespace, "picture_bytes")
	batchTime     = beam.NewDistribution(namespace, "batch_milliseconds")
)
