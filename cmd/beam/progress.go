package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log/slog"
	"net"
	"time"

	"github.com/apache/beam/sdks/v2/go/pkg/beam"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/core/metrics"
	jobpb "github.com/apache/beam/sdks/v2/go/pkg/beam/model/jobmanagement_v1"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/options/jobopts"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners"
	"github.com/apache/beam/sdks/v2/go/pkg/beam/runners/prism"

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

// startPrism starts Prism in this process, unless another runner or a job service is asked
// for, and returns what tells of its jobs: nil for other runners, which have pages of their
// own. Without log Prism is silent: of an error it would print the plans of all stages, and what
// matters of it is returned.
func startPrism(ctx context.Context, log bool) (jobpb.JobServiceClient, error) {
	if *runners.Runner != "" && *runners.Runner != "prism" && *runners.Runner != "PrismRunner" || *jobopts.Endpoint != "" {
		return nil, nil
	}
	if !log {
		slog.SetDefault(slog.New(slog.DiscardHandler))
	}
	// Prism does not tell which port it has chosen, so it is told one that is free.
	l, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return nil, err
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	jobs, err := prism.CreateJobServer(ctx, prism.Options{Port: port})
	if err != nil {
		return nil, err
	}
	*jobopts.Endpoint = fmt.Sprintf("localhost:%d", port)
	if *jobopts.EnvironmentType == "" {
		*jobopts.EnvironmentType = "loopback"
	}
	return jobs, nil
}

// watch shows how many pictures are done of total. It returns a function that ends it.
func watch(stderr io.Writer, jobs jobpb.JobServiceClient, total int) (stop func()) {
	if jobs == nil || total == 0 {
		return func() {}
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	bar := cli.NewProgress(stderr, total, "beam", "images")
	go func() {
		defer close(done)
		defer bar.Done()
		for {
			select {
			case <-ctx.Done():
				return
			case <-time.After(time.Second):
			}
			if n, err := picturesDone(ctx, jobs); err == nil {
				bar.Set(min(n, int64(total)))
			}
		}
	}()
	return func() { cancel(); <-done }
}

// picturesDone asks for the counter of the last job.
func picturesDone(ctx context.Context, jobs jobpb.JobServiceClient) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	all, err := jobs.GetJobs(ctx, &jobpb.GetJobsRequest{})
	if err != nil || len(all.GetJobInfo()) == 0 {
		return 0, err
	}
	id := all.GetJobInfo()[len(all.GetJobInfo())-1].GetJobId()
	found, err := jobs.GetJobMetrics(ctx, &jobpb.GetJobMetricsRequest{JobId: id})
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
