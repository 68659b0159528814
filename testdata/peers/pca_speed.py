"""PCA of 10,000 x 512: Glimpse, scikit-learn and oneDAL in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python pca_speed.py --bench BENCH

2 components and all, of float64 and of float32, with svd_solver="auto" (which decomposes the covariance
for this shape). The data fall off along their components as the features of a network do; --flat makes
them white noise instead, where no component stands out, and --mean 1000 adds means of that size. oneDAL is
that of scikit-learn-intelex (sklearnex.decomposition.PCA), if it is installed. Both peers compute in the type
that they are given; Glimpse computes the covariance of float32 with products in float32, the rest in float64.

Beside the times stands what the results differ by: singular values relative to the largest one, and the first
two components. Of float32, also each program's own errors: the largest of any singular value, relative to
the largest and to itself, against the singular values of the same numbers in float64.
"""

import functools
import pathlib
import sys
import tempfile

import rounds


def data(kind, flat=False, mean=1.0):
    """n x d, mean not zero, the same for every program."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((10000, 512))
    if not flat:
        q, _ = np.linalg.qr(rng.standard_normal((512, 512)))
        x = x * (np.arange(1, 513) ** -0.75) @ q
    return (x + mean * rng.standard_normal(512)).astype(kind)


def fit(name, x, components, threads):
    """A peer's work."""
    if name == "oneDAL":
        from sklearnex.decomposition import PCA

        return PCA(n_components=components or None, svd_solver="auto", n_jobs=threads).fit(x)
    from sklearn.decomposition import PCA

    return PCA(n_components=components or None, svd_solver="auto").fit(x)


def once(name, path, components, threads):
    """A peer's work alone in this process, for its peak memory."""
    from safetensors.numpy import load_file

    fit(name, load_file(path)["x"], int(components), int(threads))


def truth(x):
    """All singular values, by numpy's svd of the centred data in float64."""
    import numpy as np

    x = x.astype(np.float64)
    return np.linalg.svd(x - x.mean(axis=0), compute_uv=False)


def errors(values, exact):
    import numpy as np

    off = np.abs(np.asarray(values, dtype=np.float64) - exact[: len(values)])
    return f"{off.max() / exact[0]:.1e}, {(off / exact[:len(values)]).max():.1e}"


def main():
    def more(ap):
        ap.add_argument("--flat", action="store_true")
        ap.add_argument("--mean", type=float, default=1.0)

    args = rounds.arguments(__doc__, more=more)
    if not (rounds.peer("sklearn.decomposition") and rounds.peer("threadpoolctl") and rounds.peer("safetensors.numpy")):
        return
    peers = ["scikit-learn"] + (["oneDAL"] if rounds.peer("sklearnex.decomposition") else [])
    import numpy as np
    from safetensors.numpy import load_file, save_file
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind in ("float64", "float32"):
            x = data(kind, args.flat, args.mean)
            exact = truth(x) if kind == "float32" else None
            source, out = folder / f"{kind}.safetensors", folder / "out.safetensors"
            save_file({"x": x}, source)
            for components in (2, 0):
                work = f"PCA, 10,000 x 512 {kind}, {components or 'all'} components"
                work += ", white noise" if args.flat else ""
                work += f", means of size {args.mean:g}" if args.mean != 1 else ""
                for threads in args.threads:
                    kept = {}

                    def theirs(name):
                        kept[name] = fit(name, x, components, threads)

                    with threadpool_limits(threads), rounds.Bench(args.bench, threads, "pca", source, components, out) as ours:
                        works = {"Glimpse": ours.round, **{name: functools.partial(theirs, name) for name in peers}}
                        times = rounds.turns(args.rounds, works)
                    got = load_file(out)["y"]
                    for name in peers:
                        want = kept[name]
                        values = np.abs(got[:, 0] - want.singular_values_).max() / want.singular_values_[0]
                        vectors = np.abs(got[:2, 1:] - want.components_[:2]).max()
                        difference = f"singular values {values:.1e} relative, first 2 components {vectors:.1e}"
                        if exact is not None:
                            difference += (f"; off the truth: Glimpse {errors(got[:, 0], exact)}, "
                                           f"{name} {errors(want.singular_values_, exact)}")
                        reach = {"float64": 0.8 if components == 0 else 1.0, "float32": 1.2 if name == "oneDAL" else 1.0}[kind]
                        rounds.row(work, name, threads, times["Glimpse"], times[name], reach, difference)
                _, mine, _ = rounds.process([args.bench, "pca", source, components, out], 2, stdin="\n")
                for name in peers:
                    _, peer, _ = rounds.process([sys.executable, __file__, "--once", name, source, components, 2], 2)
                    rounds.memory(work, name, mine, peer)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        once(*sys.argv[2:])
    else:
        main()
