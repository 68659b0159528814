"""Quality of t-SNE layouts: Glimpse, scikit-learn and openTSNE with their defaults.

    python tsne_quality.py --tsne TSNE --seeds 5 digits.npy scenes.npy cifar.npy

TSNE is the built cmd/tsne, which measures every layout, whoever made it: the KL divergence with one
set of affinities and the exact normaliser, the share of the 10 nearest neighbours kept, and the
trustworthiness. Each file holds n x d features. Layouts are kept beside it. --init random gives every
program a random start, so that the seeds differ.
"""

import argparse
import pathlib
import re
import subprocess
import time

import numpy as np

ap = argparse.ArgumentParser()
ap.add_argument("--tsne", required=True)
ap.add_argument("--seeds", type=int, default=5)
ap.add_argument("--init", default="pca", choices=["pca", "random"])
ap.add_argument("features", type=pathlib.Path, nargs="+")
args = ap.parse_args()


def glimpse(x, seed, out, path):
    subprocess.run([args.tsne, "-features", path, "-seed", str(seed), "-init", args.init, "-npy", out, "-csv", "",
                    "-quality=false", "-out", out.with_suffix(".png")], check=True, stdout=subprocess.DEVNULL)


def sklearn(x, seed, out, path):
    from sklearn.manifold import TSNE

    np.save(out, TSNE(random_state=seed, init=args.init, n_jobs=2).fit_transform(x))


def opentsne(x, seed, out, path):
    from openTSNE import TSNE

    np.save(out, np.asarray(TSNE(random_state=seed, initialization=args.init, n_jobs=2).fit(x)))


for path in args.features:
    x = np.load(path).astype(np.float64)
    print(f"{path.name} {x.shape}, {args.seeds} seeds, {args.init} start: mean (least to largest)")
    for name, fit in (("Glimpse", glimpse), ("scikit-learn", sklearn), ("openTSNE", opentsne)):
        rows, seconds = [], []
        for seed in range(args.seeds):
            out = path.with_name(f"{path.stem}_{name}_{args.init}_{seed}.npy")
            began = time.time()
            try:
                fit(x, seed, out, path)
            except ImportError as e:
                print(f"  {name}: not here ({e})")
                break
            seconds.append(time.time() - began)
            text = subprocess.run([args.tsne, "-features", path, "-layout", out, "-out", out.with_suffix(".png")],
                                  check=True, capture_output=True, text=True).stdout
            rows.append([float(re.search(p, text)[1]) for p in
                         (r"KL divergence ([\d.]+)", r"([\d.]+)% of each", r"trustworthiness ([\d.]+)")])
        if rows:
            r = np.array(rows)
            print(f"  {name:13s}" + "".join(f"  {label} {r[:, i].mean():.4f} ({r[:, i].min():.4f} to {r[:, i].max():.4f})"
                                           for i, label in enumerate(("KL", "kept %", "trust")))
                  + f"  {min(seconds):.1f} s", flush=True)
