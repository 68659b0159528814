package transforms

import (
	"context"
	"io"
	"reflect"
	"slices"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/parquet-go/parquet-go"

	"github.com/glimpse-go/glimpse/cam/model"
)

func init() {
	beam.RegisterDoFn(reflect.TypeFor[writeParquetFn]())
}

// Row is a point in a Parquet file.
type Row struct {
	Name          string    `parquet:"name"`
	Shard         int32     `parquet:"shard"`
	Index         int64     `parquet:"index"`
	Label         *int32    `parquet:"label,optional"`     // null without
	Predicted     *int32    `parquet:"predicted,optional"` // null without a last layer
	Probabilities []float32 `parquet:"probabilities,list"` // of all classes, empty without a last layer
	PCA           []float64 `parquet:"pca,list"`           // see Project
	TSNE          []float64 `parquet:"tsne,list"`          // see Place
	Features      []float32 `parquet:"features,list"`      // where they are asked for
}

// ParquetOptions say what is written of points.
type ParquetOptions struct {
	Features bool // also the features, some KB a point
}

// WriteParquet writes points as Parquet files of [Row]s, compressed by Snappy:
// points-00003-of-00100.parquet. (Beam's own parquetio writes one file, on one worker.)
func WriteParquet(s beam.Scope, dir string, shards int, opt ParquetOptions, points beam.PCollection) {
	s = s.Scope("glimpse.WriteParquet")
	writeShards(s, &writeParquetFn{Sink: sink{dir, shards}}, packed(s, packFn{ByShard: true, NoFeatures: !opt.Features}, points))
}

type writeParquetFn struct {
	Sink sink
}

// ProcessElement writes a shard.
func (f *writeParquetFn) ProcessElement(ctx context.Context, shard int, next func(*Points) bool) (int, error) {
	points := collectPoints(next)
	return shard, writeWhole(ctx, f.Sink.path("points", shard, ".parquet"), func(w io.Writer) error {
		file := parquet.NewGenericWriter[Row](w, parquet.Compression(&parquet.Snappy))
		for some := range slices.Chunk(points, rowsAtOnce) {
			rows := make([]Row, len(some))
			for i, p := range some {
				var err error
				if rows[i], err = rowOf(p); err != nil {
					return err
				}
			}
			if _, err := file.Write(rows); err != nil {
				return err
			}
		}
		return file.Close()
	})
}

func rowOf(p Point) (Row, error) {
	row := Row{Name: p.Name, Shard: int32(p.Shard), Index: int64(p.Index), Label: class(p.Label), Predicted: class(p.Predicted), PCA: p.PCA, TSNE: p.TSNE, Features: p.Features}
	if p.Logits == nil {
		return row, nil
	}
	probabilities, err := model.Probabilities(p.Logits)
	for _, v := range probabilities {
		row.Probabilities = append(row.Probabilities, float32(v))
	}
	return row, err
}

// class is nil for none.
func class(c int) *int32 {
	if c < 0 {
		return nil
	}
	n := int32(c)
	return &n
}
