"""Train the CIFAR-10 network that is embedded in internal/demo.

A ResNet18 of base width 32 with a 3x3 stem that has a bias and keeps the max pool, input
Normalize(0.5, 0.5, 0.5). The 50,000 training images are files named INDEX_LABEL.jpg, in a tar
archive or a folder; the 10,000 test images, in the binary layout, are only reported on.

    python train_cifar10.py --train cifar10-train-jpeg.tar.xz \
        --test cifar-10-batches-bin/test_batch.bin --out checkpoints
"""

import argparse
import io
import pathlib
import tarfile
import time

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

from narrow_resnet import NarrowResNet18


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


def augment(x, pad, cut, generator):
    """Random flip, shift by up to pad pixels, and a zeroed cut x cut square, per image."""
    n, c, h, w = x.shape
    flip = torch.rand(n, generator=generator) < 0.5
    dy = torch.randint(0, 2 * pad + 1, (n, 1), generator=generator)
    dx = torch.randint(0, 2 * pad + 1, (n, 1), generator=generator)
    rows = dy + torch.arange(h)
    cols = dx + torch.where(flip[:, None], torch.arange(w - 1, -1, -1), torch.arange(w))
    padded = F.pad(x, (pad,) * 4).permute(0, 2, 3, 1)
    x = padded[torch.arange(n)[:, None, None], rows[:, :, None], cols[:, None, :]].permute(0, 3, 1, 2)
    if cut:
        cy = torch.randint(0, h, (n, 1), generator=generator)
        cx = torch.randint(0, w, (n, 1), generator=generator)
        iny = (torch.arange(h) - cy).abs() <= cut // 2
        inx = (torch.arange(w) - cx).abs() <= cut // 2
        x = x * ~(iny[:, None, :, None] & inx[:, None, None, :])
    return x


def normalise(x):
    """ToTensor and Normalize(0.5, 0.5)."""
    return ((x.float() / 255 - 0.5) / 0.5).contiguous(memory_format=torch.channels_last)


@torch.inference_mode()
def logits(model, x, batch=500):
    model.eval()
    return torch.cat([model(normalise(part)) for part in x.split(batch)])


def main():
    ap = argparse.ArgumentParser()
    ap.add_argument("--train", type=pathlib.Path, required=True)
    ap.add_argument("--test", type=pathlib.Path, required=True)
    ap.add_argument("--out", type=pathlib.Path, required=True)
    ap.add_argument("--epochs", type=int, default=12)
    ap.add_argument("--batch", type=int, default=128)
    ap.add_argument("--lr", type=float, default=0.15)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--bf16", action="store_true", help="autocast the training passes to bfloat16")
    ap.add_argument("--steps", type=int, default=0, help="stop after so many steps, to measure the speed")
    ap.add_argument("--seed", type=int, default=1)
    args = ap.parse_args()
    torch.set_num_threads(args.threads)
    torch.manual_seed(args.seed)
    generator = torch.Generator().manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    x, y = load_training(args.train, args.out)
    tx, ty = load_test(args.test)

    model = NarrowResNet18(32, 10, "3x3").to(memory_format=torch.channels_last)
    decay = [p for p in model.parameters() if p.ndim > 1]
    plain = [p for p in model.parameters() if p.ndim <= 1]
    opt = torch.optim.SGD([{"params": decay, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0}],
                          lr=args.lr, momentum=0.9, nesterov=True)
    per_epoch = len(x) // args.batch
    sched = torch.optim.lr_scheduler.OneCycleLR(opt, args.lr, total_steps=args.epochs * per_epoch, pct_start=0.25,
                                                anneal_strategy="linear", div_factor=10, final_div_factor=100,
                                                cycle_momentum=False)
    start, step = time.time(), 0
    for epoch in range(args.epochs):
        model.train()
        loss_sum, right = 0.0, 0
        order = torch.randperm(len(x), generator=generator)
        for b in range(per_epoch):
            pick = order[b * args.batch:(b + 1) * args.batch]
            bx = normalise(augment(x[pick], 4, 8, generator))
            with torch.autocast("cpu", torch.bfloat16, enabled=args.bf16):
                out = model(bx)
            loss = F.cross_entropy(out.float(), y[pick], label_smoothing=0.1)
            opt.zero_grad(set_to_none=True)
            loss.backward()
            opt.step()
            sched.step()
            loss_sum += loss.item()
            right += (out.argmax(1) == y[pick]).sum().item()
            step += 1
            if step % 100 == 0 or step == args.steps:
                print(f"step {step} loss {loss.item():.3f} {(time.time() - start) / step:.4f} s/step", flush=True)
            if step == args.steps:
                return
        accuracy = (logits(model, tx).argmax(1) == ty).float().mean().item()
        print(f"epoch {epoch + 1}/{args.epochs} loss {loss_sum / per_epoch:.4f} train {right / (per_epoch * args.batch):.4f} "
              f"test {accuracy:.4f} at {time.time() - start:.0f} s", flush=True)
        torch.save(model.state_dict(), args.out / "cifar10.partial")
        (args.out / "cifar10.partial").rename(args.out / f"cifar10_epoch{epoch + 1}.pth")
    torch.save(model.state_dict(), args.out / "cifar10.pth")


if __name__ == "__main__":
    main()
