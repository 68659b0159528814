"""Train the CIFAR-10 network that is embedded in nn/pretrained.

A ResNet18 of base width 32 with a 3x3 stem that has a bias and keeps the max pool, input
Normalize(0.5, 0.5, 0.5). The 50,000 training images are files named INDEX_LABEL.jpg, in a tar
archive or a folder; the 10,000 test images, in the binary layout, are only reported on.

    python train_cifar10.py --train cifar10-train-jpeg.tar.xz \
        --test cifar-10-batches-bin/test_batch.bin --out checkpoints --bf16
"""

import io
import pathlib
import tarfile

import numpy as np
import torch
from PIL import Image

from narrow_resnet import NarrowResNet18
from training import arguments, fit


def training_images(path):
    """Yields (name, bytes) of each INDEX_LABEL.jpg in a folder or a tar archive."""
    if path.is_dir():
        for p in path.glob("*_*.jpg"):
            yield p.name, p.read_bytes()
        return
    with tarfile.open(path) as tar:
        for member in tar:
            if member.name.endswith(".jpg"):
                yield pathlib.PurePath(member.name).name, tar.extractfile(member).read()


def load_training(path, cache):
    """uint8 images (N, 3, 32, 32) and int64 labels (N,), kept in a cache folder."""
    fx, fy = cache / "cifar10_train_x.npy", cache / "cifar10_train_y.npy"
    if not (fx.exists() and fy.exists()):
        x, y = np.zeros((50000, 3, 32, 32), np.uint8), np.full(50000, -1, np.int64)
        for name, data in training_images(path):
            index, label = name.removesuffix(".jpg").split("_")
            x[int(index)] = np.asarray(Image.open(io.BytesIO(data)).convert("RGB")).transpose(2, 0, 1)
            y[int(index)] = int(label)
        assert (np.bincount(y, minlength=10) == 5000).all(), "expected 5,000 images of each class"
        np.save(fx, x)
        np.save(fy, y)
    return torch.from_numpy(np.load(fx)), torch.from_numpy(np.load(fy))


def load_test(path):
    """uint8 images (10000, 3, 32, 32) and labels of a CIFAR-10 binary batch, in file order."""
    records = np.fromfile(path, np.uint8).reshape(-1, 3073)
    return torch.from_numpy(records[:, 1:].reshape(-1, 3, 32, 32).copy()), torch.from_numpy(records[:, 0].astype(np.int64))


def main():
    ap = arguments(epochs=20, batch=128, lr=0.15)
    ap.add_argument("--train", type=pathlib.Path, required=True)
    ap.add_argument("--test", type=pathlib.Path, required=True)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    train = load_training(args.train, args.out)
    fit(NarrowResNet18(32, 10, "3x3"), train, load_test(args.test), args, "cifar10", pad=4, cut=8)


if __name__ == "__main__":
    main()
