"""PCA of 10,000 x 512: Glimpse and scikit-learn in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python pca_speed.py --bench BENCH

2 components and all, of float64 and of float32, with svd_solver="auto" (which decomposes the covariance
for this shape). The data fall off along their components as the features of a network do; --flat makes
them white noise instead, where no component stands out. scikit-learn computes in the type that it is
given; Glimpse reads the numbers a block at a time and always computes in float64.
"""

import os
import pathlib
import sys
import tempfile

import rounds


def data(kind, flat=False):
    """n x d, mean not zero, the same for every program."""
    import numpy as np

    rng = np.random.default_rng(0)
    x = rng.standard_normal((10000, 512))
    if not flat:
        q, _ = np.linalg.qr(rng.standard_normal((512, 512)))
        x = x * (np.arange(1, 513) ** -0.75) @ q
    return (x + rng.standard_normal(512)).astype(kind)


def once(path, components):
    """The peer's work alone in this process, for its peak memory."""
    from safetensors.numpy import load_file
    from sklearn.decomposition import PCA

    PCA(n_components=int(components) or None, svd_solver="auto").fit(load_file(path)["x"])


def main():
    args = rounds.arguments(__doc__, more=lambda ap: ap.add_argument("--flat", action="store_true"))
    if not (rounds.peer("sklearn.decomposition") and rounds.peer("threadpoolctl") and rounds.peer("safetensors.numpy")):
        return
    import numpy as np
    from safetensors.numpy import load_file, save_file
    from sklearn.decomposition import PCA
    from threadpoolctl import threadpool_limits

    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        for kind in ("float64", "float32"):
            x = data(kind, args.flat)
            source, out = folder / f"{kind}.safetensors", folder / "out.safetensors"
            save_file({"x": x}, source)
            for components in (2, 0):
                work = f"PCA, 10,000 x 512 {kind}, {components or 'all'} components" + (", white noise" if args.flat else "")
                for threads in args.threads:
                    kept = []

                    def theirs():
                        kept[:] = [PCA(n_components=components or None, svd_solver="auto").fit(x)]

                    with threadpool_limits(threads), rounds.Bench(args.bench, threads, "pca", source, components, out) as ours:
                        times = rounds.turns(args.rounds, {"Glimpse": ours.round, "scikit-learn": theirs})
                    got, want = load_file(out)["y"], kept[0]
                    values = np.abs(got[:, 0] - want.singular_values_).max() / want.singular_values_[0]
                    vectors = np.abs(got[:2, 1:] - want.components_[:2]).max()
                    rounds.row(work, "scikit-learn", threads, times["Glimpse"], times["scikit-learn"], 1.0,
                               f"singular values {values:.1e} relative, first 2 components {vectors:.1e}")
                _, mine, _ = rounds.process([args.bench, "pca", source, components, out], 2, stdin="\n")
                _, peer, _ = rounds.process([sys.executable, __file__, "--once", source, components], 2)
                rounds.memory(work, "scikit-learn", mine, peer)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        once(*sys.argv[2:])
    else:
        main()
