"""t-SNE of many points: Glimpse's defaults (1,000 iterations), its openTSNE schedule (750) and openTSNE's defaults,
whose gradient is then by FFT, in turn, in one run.

    go build -o BENCH ./testdata/peers/bench && go build -o TSNE ./cmd/tsne
    python tsne_large.py --bench BENCH --tsne TSNE --rounds 3

The points are in normal clusters of 10,000 each (at least ten clusters), 50 columns. Whole fits are long:
with 100,000 points a round takes minutes. TSNE measures the KL divergence of every layout, with one set of
affinities and the normaliser over all pairs; without --tsne it is left out.
"""

import pathlib
import sys
import tempfile

import rounds
import tsne_speed


def flags(ap):
    ap.add_argument("--tsne", help="the built cmd/tsne")
    ap.add_argument("--points", type=int, default=100000)
    ap.add_argument("--columns", type=int, default=50)


def clusters(n, d):
    import numpy as np

    rng = np.random.default_rng(0)
    centres = 3 * rng.standard_normal((max(n // 10000, 10), d))
    return (centres[rng.integers(len(centres), size=n)] + rng.standard_normal((n, d))).astype(np.float32)


def main():
    args = rounds.arguments(__doc__, rounds=3, more=flags)
    if not all([rounds.peer(m) for m in ("numpy", "safetensors.numpy", "threadpoolctl", "openTSNE")]):
        return
    from safetensors.numpy import load_file, save_file
    from threadpoolctl import threadpool_limits

    x = clusters(args.points, args.columns)
    work = f"t-SNE, {args.points:,} x {args.columns}"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source, out, other = (folder / f"{name}.safetensors" for name in ("x", "out", "other"))
        save_file({"x": x}, source)
        for threads in args.threads:
            layouts = {}
            same = f"{rounds.OURS}, the same schedule"
            with threadpool_limits(threads), rounds.Bench(args.bench, threads, "tsne", source, out) as ours, \
                    rounds.Bench(args.bench, threads, "tsne", source, other, "openTSNE") as scheduled:
                times = rounds.turns(args.rounds, {
                    rounds.OURS: ours.round,
                    same: scheduled.round,
                    "openTSNE": lambda: layouts.update(openTSNE=tsne_speed.fit("openTSNE", x, threads)),
                }, warm=0)
            layouts[rounds.OURS], layouts[same] = load_file(out)["y"], load_file(other)["y"]
            kl = {name: tsne_speed.divergence(args.tsne, x, y, folder) for name, y in layouts.items()} if args.tsne else {}
            for name, what in ((rounds.OURS, work), (same, f"{work}, the same schedule")):
                difference = f"KL {kl[name]:.4f} and {kl['openTSNE']:.4f}" if kl else ""
                rounds.row(what, "openTSNE, FFT", threads, times[name], times["openTSNE"], 0.2, difference)
        _, mine, _ = rounds.process([args.bench, "tsne", source, out], 2, stdin="\n")
        _, theirs, _ = rounds.process([sys.executable, tsne_speed.__file__, "--once", source, "openTSNE"], 2)
        rounds.memory(work, "openTSNE", mine, theirs)


if __name__ == "__main__":
    main()
