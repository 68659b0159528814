"""CIFAR-10's test set from disk to features, 10,000 images: Glimpse and PyTorch in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python features_speed.py --bench BENCH --data cifar-10-batches-bin

The notebook's network: ResNet18 with a conv1 of 3x3 with bias, stride 1, the max pool kept, fc = identity;
batches of 16, Normalize(0.5, 0.5). PyTorch reads torchvision's CIFAR10 through its DataLoader, with 0 and
with 2 workers, in both memory layouts; the best counts. A round is short, so it takes the first --images
images only; --full adds one round of all 10,000 by Glimpse and by the best of the others.
"""

import pathlib
import pickle
import sys
import tempfile

import rounds

CLASSES = "airplane automobile bird cat deer dog frog horse ship truck".split()


def records(folder, n):
    """The first n records of test_batch.bin."""
    data = (pathlib.Path(folder) / "test_batch.bin").read_bytes()
    return data[: 3073 * n] if n else data


def write_python(root, data):
    """CIFAR-10's layout of pickles, which torchvision reads; the training batches are not needed."""
    import numpy as np

    folder = root / "cifar-10-batches-py"
    folder.mkdir(parents=True)
    a = np.frombuffer(data, np.uint8).reshape(-1, 3073)
    with open(folder / "test_batch", "wb") as f:
        pickle.dump({"batch_label": "testing batch 1 of 1", "labels": a[:, 0].tolist(), "data": a[:, 1:].copy(),
                     "filenames": ["%d.png" % i for i in range(len(a))]}, f)
    with open(folder / "batches.meta", "wb") as f:
        pickle.dump({"num_cases_per_batch": len(a), "label_names": CLASSES, "num_vis": 3072}, f)


def network():
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    model.conv1 = torch.nn.Conv2d(3, 64, 3, stride=1, padding=1)
    return model.eval()


def dataset(root):
    """torchvision's CIFAR10, whose check sums know the training files and the original pickles only."""
    from torchvision import datasets, transforms

    class TestSet(datasets.CIFAR10):
        def _check_integrity(self):
            return True

        def _load_meta(self):
            self.classes = CLASSES

    return TestSet(root, train=False, transform=transforms.Compose(
        [transforms.ToTensor(), transforms.Normalize((0.5,) * 3, (0.5,) * 3)]))


def extract(root, model, workers, layout):
    """The notebook's loop: opens the set, and returns its features."""
    import torch

    features = []
    loader = torch.utils.data.DataLoader(dataset(root), batch_size=16, num_workers=workers)
    with torch.inference_mode():
        for x, _ in loader:
            features.append(model(x.to(memory_format=layout)))
    return torch.cat(features)


def prepared(weights, layout):
    """The peer's network with the weights in a file and fc = identity."""
    import torch
    from safetensors.torch import load_file

    model = network()
    model.load_state_dict(load_file(weights))
    model.fc = torch.nn.Identity()
    return model.to(memory_format=layout)


def once(weights, root, threads):
    """The peer's work alone in this process, for its peak memory."""
    import torch

    torch.set_num_threads(int(threads))
    extract(root, prepared(weights, torch.contiguous_format), 0, torch.contiguous_format)


def main():
    def more(ap):
        ap.add_argument("--data", required=True, help="folder of CIFAR-10's test_batch.bin")
        ap.add_argument("--images", type=int, default=320, help="images in a short round")
        ap.add_argument("--full", action="store_true", help="then all 10,000, once")

    args = rounds.arguments(__doc__, more=more)
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision):
        return
    from safetensors.torch import load_file, save_file

    plain, last = torch.contiguous_format, torch.channels_last
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        weights, out = folder / "w.safetensors", folder / "out.safetensors"
        save_file({k: v.contiguous() for k, v in network().state_dict().items()}, weights)
        models = {layout: prepared(weights, layout) for layout in (plain, last)}
        for threads in args.threads:
            torch.set_num_threads(threads)
            best = None
            for n, count in [(args.images, args.rounds)] + [(0, 1)] * args.full:
                theirs, kept = folder / f"python{n}", {}
                if not theirs.exists():
                    write_python(theirs, records(args.data, n))

                def run(name, workers, layout):
                    def work():
                        kept[name] = extract(theirs, models[layout], workers, layout)
                    return work

                names = {f"PyTorch, {w} workers{', channels_last' if layout is last else ''}": (w, layout)
                         for w in (0, 2) for layout in (plain, last)}
                works = {name: run(name, *how) for name, how in names.items() if best in (None, name)}
                with rounds.Bench(args.bench, threads, "features", weights, args.data, n, out) as ours:
                    times = rounds.turns(count, {rounds.OURS: ours.round, **works}, warm=1 if best is None else 0)
                best = min(works, key=lambda w: min(times[w]))
                got, want = load_file(out)["y"], kept[best]
                difference = ((got - want).abs().max() / want.abs().max()).item()
                rounds.row(f"CIFAR ResNet18, {len(want):,} images from disk to features", best, threads, times[rounds.OURS], times[best],
                           0.7, f"features {difference:.1e} relative")
        _, a, _ = rounds.process([args.bench, "features", weights, args.data, n, out], 2, stdin="\n")
        _, b, _ = rounds.process([sys.executable, __file__, "--once", weights, folder / f"python{args.images}", "2"], 2)
        rounds.memory(f"CIFAR ResNet18, {args.images:,} images to features", "PyTorch, 0 workers", a, b)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--once"]:
        once(*sys.argv[2:])
    else:
        main()
