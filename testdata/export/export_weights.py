"""Round a trained state dict to half precision for nn/pretrained, with the accuracy before and after.

    python export_weights.py cifar10 --weights checkpoints/cifar10.pth --test cifar-10-batches-bin/test_batch.bin
    python export_weights.py scenes --weights checkpoints/scenes.pth --test TEST

The metadata tells a program how to use the network: its classes, and the mean, std and side of its
input. --logits keeps the network's float32 logits on the test images, in file order, as .npy.
"""

import argparse
import pathlib

import numpy as np
import torch
import torchvision  # noqa: F401  (its version is recorded)

from gen import save
from narrow_resnet import NarrowResNet18
from train_cifar10 import load_test
from train_scenes import load
from training import logits

PRETRAINED = pathlib.Path(__file__).resolve().parents[2] / "nn" / "pretrained"
NETWORKS = {
    "cifar10": (32, 32, load_test, "airplane,automobile,bird,cat,deer,dog,frog,horse,ship,truck"),
    "scenes": (16, 96, load, "arrow,boat,cross,fish,heart,house,key,moon,star,tree"),
}

ap = argparse.ArgumentParser()
ap.add_argument("network", choices=NETWORKS)
ap.add_argument("--weights", type=pathlib.Path, required=True)
ap.add_argument("--test", type=pathlib.Path, required=True)
ap.add_argument("--logits", type=pathlib.Path)
args = ap.parse_args()
width, size, load_images, classes = NETWORKS[args.network]

model = NarrowResNet18(width, 10, "3x3")
state = torch.load(args.weights, weights_only=True)
half = {k: v.half() if v.is_floating_point() else v for k, v in state.items()}
x, y = load_images(args.test)
for name, weights in (("float32", state), ("half", half)):
    model.load_state_dict({k: v.float() if v.is_floating_point() else v for k, v in weights.items()})
    out = logits(model, x)
    correct = int((out.argmax(1) == y).sum())
    print(f"{args.network} {name}: {correct} of {len(y)} correct")
    if name == "float32" and args.logits:
        np.save(args.logits, out.numpy())
save(PRETRAINED / f"{args.network}.safetensors", half, {
    "classes": classes, "mean": "0.5", "std": "0.5", "size": size, "correct": f"{correct} of {len(y)} test images",
})
