"""An epoch of training from disk: cmd/train and PyTorch with its DataLoader in turn, in one run.

    go build -o TRAIN ./cmd/train
    python training_epoch.py --train TRAIN --data cifar-10-batches-bin

The first images of CIFAR-10's test batch, as batches in CIFAR-10's layout and as PNG files by class, through random
crops with padding 4 and flips to a ResNet18 of base width 32 with a 3x3 stem and without the max pool: cross entropy
with smoothing 0.1, SGD with Nesterov's momentum, batches of 128; then a fifth as many other images to validate. Ours
is the time of the whole process, from its start to the files of the network; PyTorch's begins when it is imported, in
channels_last, with 0 and 2 workers: the best counts.
"""

import pathlib
import subprocess
import tempfile
import time

import rounds


def write_files(records, folder):
    """Records of the binary layout as folder/CLASS/INDEX.png."""
    from PIL import Image

    for i, r in enumerate(records):
        path = folder / str(r[0]) / f"{i:05}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(r[1:].reshape(3, 32, 32).transpose(1, 2, 0)).save(path)


class Batches:
    """Files of records as torchvision's datasets.CIFAR10 holds and gives them."""

    def __init__(self, paths, transform):
        import numpy as np

        records = np.concatenate([np.fromfile(p, np.uint8).reshape(-1, 3073) for p in sorted(paths)])
        self.targets, self.transform = records[:, 0].tolist(), transform
        self.data = records[:, 1:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)

    def __len__(self):
        return len(self.data)

    def __getitem__(self, index):
        from PIL import Image

        return self.transform(Image.fromarray(self.data[index])), self.targets[index]


def epoch(folder, model, sgd, workers):
    """Trains on folder and returns how many of its validation images are right."""
    import torch
    from torchvision import datasets, transforms as t

    tensor = t.Compose([t.ToTensor(), t.Normalize([0.5] * 3, [0.5] * 3)])
    varied = t.Compose([t.RandomCrop(32, padding=4), t.RandomHorizontalFlip(), tensor])
    if (folder / "train").exists():
        train, val = datasets.ImageFolder(folder / "train", varied), datasets.ImageFolder(folder / "val", tensor)
    else:
        train, val = Batches(folder.glob("data_batch_?.bin"), varied), Batches([folder / "test_batch.bin"], tensor)
    model.train()
    for x, y in torch.utils.data.DataLoader(train, batch_size=128, shuffle=True, drop_last=True, num_workers=workers):
        sgd.zero_grad(set_to_none=True)
        torch.nn.functional.cross_entropy(model(x.to(memory_format=torch.channels_last)), y, label_smoothing=0.1).backward()
        sgd.step()
    model.eval()
    right = 0
    with torch.inference_mode():
        for x, y in torch.utils.data.DataLoader(val, batch_size=128, num_workers=workers):
            right += (model(x.to(memory_format=torch.channels_last)).argmax(1) == y).sum().item()
    return right


def main():
    def more(ap):
        ap.add_argument("--train", required=True, help="the built cmd/train")
        ap.add_argument("--data", type=pathlib.Path, required=True, help="cifar-10-batches-bin")
        ap.add_argument("--count", type=int, default=5120, help="images to learn from")

    args = rounds.arguments(__doc__, rounds=3, more=more, bench=False)
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision):
        return
    import numpy as np
    from notebook_cam import resnet18

    with tempfile.TemporaryDirectory() as out:
        out = pathlib.Path(out)
        records = np.fromfile(args.data / "test_batch.bin", np.uint8).reshape(-1, 3073)
        train, val = records[:args.count], records[args.count:args.count + args.count // 5]
        files, batches = out / "files", out / "batches"
        batches.mkdir()
        for i, part in enumerate(np.array_split(train, 5)):
            part.tofile(batches / f"data_batch_{i + 1}.bin")
        val.tofile(batches / "test_batch.bin")
        write_files(train, files / "train")
        write_files(val, files / "val")
        (batches / "batches.meta.txt").write_bytes((args.data / "batches.meta.txt").read_bytes())
        for folder, threads in ((f, t) for f in (batches, files) for t in args.threads):
            command = [args.train, "-data", folder, "-split", "train", "-width", "32", "-stem", "3x3", "-maxpool", "no", "-epochs", "1",
                       "-batch", "128", "-schedule", "constant", "-lr", "0.05", "-augment", "crop=4,flip", "-curves", "", "-csv", "",
                       "-out", out / "network.safetensors"]
            torch.set_num_threads(threads)
            torch.manual_seed(0)
            model = resnet18(32, 10, 3, maxpool=False).to(memory_format=torch.channels_last)
            sgd = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, nesterov=True, weight_decay=5e-4)

            def ours():
                began = time.perf_counter()
                subprocess.run(list(map(str, command)), check=True, capture_output=True, env=rounds.environment(threads))
                return time.perf_counter() - began

            works = {f"PyTorch, {w} workers": lambda w=w: epoch(folder, model, sgd, w) for w in (0, 2)}
            times = rounds.turns(args.rounds, {rounds.OURS: ours, **works}, warm=0)
            best = min(works, key=lambda w: min(times[w]))
            rounds.row(f"an epoch of {args.count} images from {folder.name}, ResNet18 of width 32", best, threads, times[rounds.OURS], times[best], 0.7)


if __name__ == "__main__":
    main()
