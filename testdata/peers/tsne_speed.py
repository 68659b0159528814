"""t-SNE with each program's defaults: Glimpse, scikit-learn, openTSNE and oneDAL (scikit-learn-intelex) in turn, in one run.

    go run ./cmd/tsne -data cifar-10-batches-bin -save cifar.npy
    go build -o BENCH ./testdata/peers/bench && go build -o TSNE ./cmd/tsne
    python tsne_speed.py --bench BENCH --tsne TSNE --features cifar.npy --rounds 3

The features of the file, n x d, are taken to --columns (512) by a random rotation, with noise of a
hundredth of their standard deviation, so that no column is a sum of others; --points takes that many of
them. Without --features they are 100 Gaussian clusters. Whole fits are long: with 10,000 points a round
takes about a minute. TSNE measures the KL divergence of every layout, with one set of affinities and the
exact normaliser; without --tsne it is left out. With it there is one more row for oneDAL: the time of the shortest
of some schedules of ours whose divergence is no higher than oneDAL's.
"""

import pathlib
import re
import subprocess
import sys
import tempfile

import rounds


def flags(ap):
    ap.add_argument("--tsne", help="the built cmd/tsne")
    ap.add_argument("--features", help="an .npy file")
    ap.add_argument("--points", type=int, default=10000)
    ap.add_argument("--columns", type=int, default=512)
    ap.add_argument("--peers", default="scikit-learn,openTSNE,oneDAL")


def features(args):
    """n x d float32, the same for every program."""
    import numpy as np

    rng = np.random.default_rng(0)
    if args.features is None:
        centres = 10 * rng.standard_normal((100, args.columns))
        x = centres[np.arange(args.points) % 100] + rng.standard_normal((args.points, args.columns))
    else:
        x = np.load(args.features).astype(np.float64)[: args.points]
        if args.columns < x.shape[1]:
            sys.exit(f"{args.features} has {x.shape[1]} columns, more than {args.columns}")
        rotation = np.linalg.qr(rng.standard_normal((args.columns, x.shape[1])))[0].T
        x = x @ rotation + 0.01 * x.std() * rng.standard_normal((len(x), args.columns))
    return np.ascontiguousarray(x.astype(np.float32))


def fit(name, x, threads):
    """The layout by a peer's defaults."""
    import numpy as np

    if name == "scikit-learn":
        from sklearn.manifold import TSNE

        return TSNE(random_state=0, n_jobs=threads).fit_transform(x)
    if name == "oneDAL":
        from sklearnex.manifold import TSNE

        return TSNE(random_state=0, n_jobs=threads).fit_transform(x)
    from openTSNE import TSNE

    return np.asarray(TSNE(random_state=0, n_jobs=threads).fit(x))


def divergence(program, x, layout, folder):
    """The KL divergence of a layout, by cmd/tsne."""
    import numpy as np

    np.save(folder / "x.npy", x)
    np.save(folder / "layout.npy", np.asarray(layout, dtype=np.float64))
    text = subprocess.run([program, "-features", folder / "x.npy", "-layout", folder / "layout.npy", "-out", folder / "layout.png"],
                          check=True, capture_output=True, text=True).stdout
    return float(re.search(r"KL divergence ([\d.]+)", text)[1])


# Of the first phase and of all iterations, to look for the shortest that reaches a peer's divergence.
SCHEDULES = [(25, 75), (50, 100), (50, 150), (75, 200), (100, 250), (125, 350), (150, 450), (250, 600), (250, 800)]


def reaches(args, x, threads, source, out, folder, least):
    """The iterations of the first phase and of all, and the KL divergence, of the shortest schedule with no higher divergence, or None."""
    from safetensors.numpy import load_file

    for early, iterations in SCHEDULES:
        rounds.process([args.bench, "tsne", source, out, early, iterations], threads, stdin="\n")
        kl = divergence(args.tsne, x, load_file(out)["y"], folder)
        if kl <= least:
            return early, iterations, kl
    return None


def main():
    args = rounds.arguments(__doc__, rounds=3, more=flags)
    if not (rounds.peer("numpy") and rounds.peer("safetensors.numpy") and rounds.peer("threadpoolctl")):
        return
    from safetensors.numpy import load_file, save_file
    from threadpoolctl import threadpool_limits

    modules = {"scikit-learn": "sklearn.manifold", "openTSNE": "openTSNE", "oneDAL": "sklearnex.manifold"}
    peers = [name for name in modules if name in args.peers.split(",") and rounds.peer(modules[name])]
    x = features(args)
    work = f"t-SNE defaults, {x.shape[0]:,} x {x.shape[1]}"
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        source, out = folder / "x.safetensors", folder / "out.safetensors"
        save_file({"x": x}, source)
        for threads in args.threads:
            layouts, works = {}, {}
            with threadpool_limits(threads), rounds.Bench(args.bench, threads, "tsne", source, out) as ours:
                works[rounds.OURS] = ours.round
                for name in peers:
                    works[name] = lambda name=name: layouts.update({name: fit(name, x, threads)})
                times = rounds.turns(args.rounds, works, warm=0)
            layouts[rounds.OURS] = load_file(out)["y"]
            kl = {name: divergence(args.tsne, x, y, folder) for name, y in layouts.items()} if args.tsne else {}
            for name in peers:
                difference = f"KL {kl[rounds.OURS]:.4f} and {kl[name]:.4f}" if kl else ""
                rounds.row(work, name, threads, times[rounds.OURS], times[name], {"scikit-learn": 0.15, "openTSNE": 0.5, "oneDAL": 0.5}[name], difference)
            short = reaches(args, x, threads, source, out, folder, kl["oneDAL"]) if kl and "oneDAL" in peers else None
            if short:
                early, iterations, least = short
                with rounds.Bench(args.bench, threads, "tsne", source, out, early, iterations) as ours:
                    mine = [ours.round() for _ in range(args.rounds)]
                rounds.row(f"{work}, ours as far as oneDAL's divergence ({early} and {iterations - early} iterations)", "oneDAL", threads,
                           mine, times["oneDAL"], 0.25, f"KL {least:.4f} and {kl['oneDAL']:.4f}")
        for name in peers:
            _, mine, _ = rounds.process([args.bench, "tsne", source, out], 2, stdin="\n")
            _, theirs, _ = rounds.process([sys.executable, __file__, "--once", source, name], 2)
            rounds.memory(work, name, mine, theirs)


def once(path, name):
    """The peer's work alone in this process, for its peak memory."""
    from safetensors.numpy import load_file

    fit(name, load_file(path)["x"], 2)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        once(*sys.argv[2:])
    else:
        main()
