"""What the two training scripts share: augmentation, and SGD with a one-cycle schedule."""

import argparse
import pathlib
import time

import torch
import torch.nn.functional as F


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


def arguments(**defaults):
    """The options of both scripts, to which each adds its data."""
    ap = argparse.ArgumentParser()
    ap.add_argument("--out", type=pathlib.Path, required=True)
    ap.add_argument("--epochs", type=int)
    ap.add_argument("--batch", type=int)
    ap.add_argument("--lr", type=float)
    ap.add_argument("--threads", type=int, default=2)
    ap.add_argument("--bf16", action="store_true", help="autocast the training passes to bfloat16")
    ap.add_argument("--steps", type=int, default=0, help="stop after so many steps, to measure the speed")
    ap.add_argument("--seed", type=int, default=1)
    ap.set_defaults(**defaults)
    return ap


def fit(model, train, test, args, name, pad, cut):
    """Trains on (images, labels) and reports on the test pair; saves a state dict each epoch."""
    torch.set_num_threads(args.threads)
    generator = torch.Generator().manual_seed(args.seed)
    args.out.mkdir(parents=True, exist_ok=True)
    (x, y), (tx, ty) = train, test
    model = model.to(memory_format=torch.channels_last)
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
            bx = normalise(augment(x[pick], pad, cut, generator))
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
        torch.save(model.state_dict(), args.out / f"{name}.partial")
        (args.out / f"{name}.partial").rename(args.out / f"{name}_epoch{epoch + 1}.pth")
    torch.save(model.state_dict(), args.out / f"{name}.pth")
