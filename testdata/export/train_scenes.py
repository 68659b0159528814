"""Train the scenes network that is embedded in nn/pretrained.

A ResNet18 of base width 16 with a 3x3 stem (so that its last maps of a 96x96 scene are 6x6),
input Normalize(0.5, 0.5, 0.5), on folders that testdata/export/scenes wrote. The held-out
scenes, those of the first indices, are only reported on.

    go run ./testdata/export/scenes -start 1000000 -count 24000 -out TRAIN
    go run ./testdata/export/scenes -count 4000 -out TEST
    python train_scenes.py --train TRAIN --test TEST --out checkpoints
"""

import pathlib

import numpy as np
import torch

from narrow_resnet import NarrowResNet18
from training import arguments, fit


def load(folder):
    """uint8 images (N, 3, 96, 96) and int64 labels (N,)."""
    x = np.load(folder / "images.npy").transpose(0, 3, 1, 2)
    return torch.from_numpy(np.ascontiguousarray(x)), torch.from_numpy(np.load(folder / "labels.npy").astype(np.int64))


def main():
    ap = arguments(epochs=8, batch=64, lr=0.08)
    ap.add_argument("--train", type=pathlib.Path, required=True)
    ap.add_argument("--test", type=pathlib.Path, required=True)
    args = ap.parse_args()
    torch.manual_seed(args.seed)
    fit(NarrowResNet18(16, 10, "3x3"), load(args.train), load(args.test), args, "scenes", pad=8, cut=0)


if __name__ == "__main__":
    main()
