// Package transforms puts Glimpse's work into pipelines of Apache Beam: features, maps,
// PCA and t-SNE of more images than one machine should read.
//
//	p, s := beam.NewPipelineWithRoot()
//	pictures, unread := transforms.ReadTar(s, shards, transforms.Tar{})
//	points, failed := transforms.Features(s, network, pictures)
//	transforms.WriteNPY(s, "gs://bucket/out", len(shards), points)
//
// Sources ([ReadDataset], [ReadFiles], [ReadTar]) cut their images into numbered shards and
// give [Picture]s; [ReadFeatures] gives [Point]s at once. [Features] runs a network, and
// [Maps] explains it. [Accuracy], [FitPCA], [ClassMeans] and [Sample] combine points;
// [Project] and [Place] give them coordinates. The Write functions are sinks: one file a
// shard, whole or absent, however often a bundle is tried.
//
// What cannot be read of single images goes to a second output, as [Failure]s: it ends no
// pipeline. What ends one is an error of the whole: a network that cannot be loaded, a
// shard that cannot be read, a file that cannot be written. The runner then tries again, or
// the run fails with that error.
//
// All is for bounded data in the global window. Points are what one process would make of
// the same images to the last bit, whatever the shards and their order; sums in float64,
// such as those of PCA, differ by the rounding that their order brings.
package transforms
