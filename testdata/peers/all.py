"""Every comparison in this folder, one after the other, and their tables in Markdown.

    python all.py --data FOLDER [--only pca,load] [--rounds 20] [--threads 1,2] [--out tables.md]

Builds the Go programs itself. FOLDER holds cifar-10-batches-bin and stl10-unlabeled-png (or another
folder of images by class, --images); comparisons that need what is not there are left out by name, as are
peers that are not installed. The time tables give the smallest time of each program and the ratio of the
two (in brackets that of the medians); the memory table the largest resident sets of whole processes.
t-SNE is long: its scripts do three rounds unless --tsne-rounds says otherwise.

All of it takes some hours; each script says in its own help how it is run alone.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import rounds

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent


def build(folder):
    """The Go programs, by name."""
    out = {}
    for name, source in (("bench", "./testdata/peers/bench"), ("cam", "./cmd/cam"), ("tsne", "./cmd/tsne"), ("train", "./cmd/train")):
        out[name] = folder / (name + (".exe" if os.name == "nt" else ""))
        subprocess.run(["go", "build", "-o", out[name], source], cwd=ROOT, check=True)
    return out


def comparisons(args, programs):
    """(name, script, arguments, what must be there) of each comparison."""
    cifar, images = args.data / "cifar-10-batches-bin", args.images or args.data / "stl10-unlabeled-png"
    threads = ["--threads", args.threads]
    short = ["--rounds", args.rounds, *threads]
    long = ["--rounds", args.tsne_rounds, *threads]
    bench = ["--bench", programs["bench"]]
    return [
        ("resnet", "resnet.py", [*bench, *short], []),
        ("networks", "networks.py", [*bench, *short], []),
        ("training", "training_speed.py", [*bench, *short], []),
        ("epoch", "training_epoch.py", ["--train", programs["train"], *long, "--data", cifar], [cifar]),
        ("explain", "explain.py", [*bench, *short], []),
        ("features", "features_speed.py", [*bench, *short, "--data", cifar], [cifar]),
        ("photographs", "photographs_speed.py", [*bench, "--threads", args.threads, "--images", images], [images]),
        ("cam", "cam_start.py", ["--cam", programs["cam"], *short, "--images", images], [images]),
        ("tsne", "tsne_speed.py", [*bench, "--tsne", programs["tsne"], *long], []),
        ("large", "tsne_large.py", [*bench, "--tsne", programs["tsne"], *long], []),
        ("pca", "pca_speed.py", [*bench, *short], []),
        ("resize", "resize_speed.py", [*bench, "--rounds", args.rounds], []),
        ("image files", "decode_speed.py", [*bench, "--rounds", args.rounds], []),
        ("load", "load_speed.py", [*bench, *short], []),
        ("memory", "memory.py", [*bench, "--tsne", programs["tsne"]], []),
    ]


def tables(records):
    """The rows in Markdown."""
    lines = ["| work | peer | threads | Glimpse | peer's | ratio (medians) | to reach | results |", "|---|---|---|---|---|---|---|---|"]
    for r in records:
        if r["table"] == "time":
            lines.append(f"| {r['work']} | {r['peer']} | {r['threads']} | {rounds.seconds(r['ours'])} | {rounds.seconds(r['theirs'])} | "
                         f"{r['ratio']:.2f} ({r['medians']:.2f}) | {r['reach'] or ''} | {r['difference']} |")
    lines += ["", "| work | peer | Glimpse, MiB | peer's, MiB | ratio | to reach |", "|---|---|---|---|---|---|"]
    for r in records:
        if r["table"] == "memory":
            lines.append(f"| {r['work']} | {r['peer']} | {r['ours'] / 2**20:.0f} | {r['theirs'] / 2**20:.0f} | "
                         f"{r['ratio']:.2f} | {r['reach'] or ''} |")
    return "\n".join(lines) + "\n"


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("--data", type=pathlib.Path, required=True)
    ap.add_argument("--images", type=pathlib.Path)
    ap.add_argument("--only", default="", help="names, as pca,load: resnet features photographs cam tsne large pca resize load memory")
    ap.add_argument("--rounds", default="20")
    ap.add_argument("--tsne-rounds", default="3")
    ap.add_argument("--threads", default="1,2")
    ap.add_argument("--out", help="also write the tables to this file")
    args = ap.parse_args()
    records, failed = [], []
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        programs = build(folder)
        for name, script, flags, needs in comparisons(args, programs):
            if args.only and name not in args.only.split(","):
                continue
            missing = [p for p in [HERE / script, *needs] if not p.exists()]
            if missing:
                print(f"{name}: left out, {missing[0]} is not here", flush=True)
                continue
            print(f"== {name}", flush=True)
            path = folder / "rows.jsonl"
            path.write_text("")
            done = subprocess.run([sys.executable, "-B", HERE / script, *map(str, flags)], env={**os.environ, "PEERS_ROWS": str(path)})
            records += [json.loads(line) for line in path.read_text().splitlines()]
            if done.returncode != 0:
                failed.append(name)
    text = tables(records)
    print("\n" + text)
    if args.out:
        pathlib.Path(args.out).write_text(text)
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
