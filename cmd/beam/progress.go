package main

import (
	"context"
	"encoding/binary"
	"io"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/glimpse-go/glimpse/cmd/internal/cli"
)

// namespace is that of the transforms' metrics.
const namespace = "glimpse"

// counters are the counters of a finished pipeline, by name.
func counters(r beam.PipelineResult) map[string]int64 {
	counts := map[string]int64{}
	if r == nil {
		return counts
	}
	for _, c := range r.Metrics().Query(func(m metrics.SingleResult) bool { return m.Namespace() == namespace }).Counters() {
		counts[c.Name()] += c.Result()
	}
	return counts
}

// watch shows how many pictures are done, as the runner's job service tells: Prism's, or
// that of Flink. It returns a function that ends it. Runners without such a service, as
// Dataflow, have pages of their own.
func watch(stderr io.Writer, total int) (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	bar := cli.NewProgress(stderr, max(total, 1), "beam", "images")
	go func() {
		defer close(done)
		defer bar.Done()
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			if n, err := picturesDone(ctx); err == nil && total > 0 {
				bar.Set(min(n, int64(total)))
			}
		}
	}()
	return func() { cancel(); <-done }
}

// picturesDone asks the job service for the counter of the last job.
func picturesDone(ctx context.Context) (int64, error) {
	if *jobopts.Endpoint == "" {
		return 0, nil // not started yet
	}
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	conn, err := grpc.NewClient(*jobopts.Endpoint, grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		return 0, err
	}
	defer conn.Close()
	service := jobpb.NewJobServiceClient(conn)
	jobs, err := service.GetJobs(ctx, &jobpb.GetJobsRequest{})
	if err != nil || len(jobs.GetJobInfo()) == 0 {
		return 0, err
	}
	id := jobs.GetJobInfo()[len(jobs.GetJobInfo())-1].GetJobId()
	found, err := service.GetJobMetrics(ctx, &jobpb.GetJobMetricsRequest{JobId: id})
	if err != nil {
		return 0, err
	}
	var n int64
	for _, m := range found.GetMetrics().GetAttempted() {
		if m.GetLabels()["NAMESPACE"] == namespace && m.GetLabels()["NAME"] == "pictures_done" {
			v, _ := binary.Uvarint(m.GetPayload()) // Beam's VarInt
			n += int64(v)
		}
	}
	return n, nil
}
