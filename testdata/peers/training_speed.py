"""A step of training: Glimpse's compiled pass and PyTorch in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python training_speed.py --bench BENCH [--works imagenet,cifar]

A step is a batch forward in train mode, cross entropy, back to all weights, and SGD with momentum.

imagenet  torchvision's ResNet18 on 16 x 3 x 128 x 128
cifar     with a 3x3 stem and without the max pool, on 128 x 3 x 32 x 32

PyTorch in its default layout and in channels_last: the better counts. Peak memory is that of whole processes that
make three steps each.
"""

import copy
import pathlib
import sys
import tempfile

import rounds

WORKS = {"imagenet": (16, 128), "cifar": (128, 32)}


def flags(ap):
    ap.add_argument("--works", default=",".join(WORKS))
    ap.add_argument("--alone", help="make three steps of one of the works in PyTorch, for its memory")


def resnet18(work):
    import torch
    import torchvision

    torch.manual_seed(0)
    model = torchvision.models.resnet18(num_classes=10)
    if work == "cifar":
        model.conv1 = torch.nn.Conv2d(3, 64, 3, padding=1, bias=False)
        model.maxpool = torch.nn.Identity()
    return model


def stepper(model, x):
    """A function that makes a step and returns nothing."""
    import torch

    model.train()
    sgd = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.9)
    labels = torch.arange(len(x)) % 10

    def step():
        sgd.zero_grad(set_to_none=True)
        loss = torch.nn.functional.cross_entropy(model(x), labels)
        loss.backward()
        sgd.step()
        step.losses.append(loss.detach())

    step.losses = []
    return step


def main():
    args = rounds.arguments(__doc__, more=flags)
    if not all([rounds.peer(m) for m in ("torch", "torchvision", "safetensors.torch")]):
        return
    import torch
    from safetensors.torch import load_file, save_file

    if args.alone:
        n, side = WORKS[args.alone]
        step = stepper(resnet18(args.alone).to(memory_format=torch.channels_last),
                       torch.rand(n, 3, side, side).to(memory_format=torch.channels_last))
        for _ in range(3):
            step()
        return
    with tempfile.TemporaryDirectory() as folder:
        w, x, y = (str(pathlib.Path(folder) / n) for n in ("w.safetensors", "x.safetensors", "y.safetensors"))
        for work in args.works.split(","):
            n, side = WORKS[work]
            model = resnet18(work)
            metadata = {"maxpool": "no"} if work == "cifar" else None
            save_file({k: v.contiguous() for k, v in model.state_dict().items()}, w, metadata=metadata)
            batch = torch.rand(n, 3, side, side)
            save_file({"x": batch}, x)
            title = f"training ResNet18, a step of {n} x 3 x {side} x {side}"
            for threads in args.threads:
                torch.set_num_threads(threads)
                plain = stepper(copy.deepcopy(model), batch)
                last = stepper(copy.deepcopy(model).to(memory_format=torch.channels_last), batch.to(memory_format=torch.channels_last))
                works = {"PyTorch": plain, "PyTorch, channels last": last}
                with rounds.Bench(args.bench, threads, "train", w, x, y) as ours:
                    times = rounds.turns(args.rounds, {**works, rounds.OURS: ours.round})
                better = min(works, key=lambda k: min(times[k]))
                diff = abs(load_file(y)["y"][0] - plain.losses[0]) / plain.losses[0]
                rounds.row(title, better, threads, times[rounds.OURS], times[better], reach=0.7, difference=f"{diff:.1e} relative, of the loss")
            threads = args.threads[-1]
            _, ours, _ = rounds.process([args.bench, "train", w, x, y], threads, stdin="\n" * 3)
            _, theirs, _ = rounds.process([sys.executable, __file__, "--bench", args.bench, "--alone", work], threads)
            rounds.memory(title, "PyTorch", ours, theirs, reach=0.7)


if __name__ == "__main__":
    main()
