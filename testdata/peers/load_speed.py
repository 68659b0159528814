"""Loading a ResNet18 that torch.save wrote (45 MB): Glimpse and torch.load in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python load_speed.py --bench BENCH

torch.load with its defaults counts (weights_only=True); weights_only=False and mmap=True stand below it.
With mmap nothing is read before it is used: that line says what a promise to read costs. Glimpse also
compares every record's checksum, which torch.load does not.
"""

import pathlib
import sys
import tempfile

import rounds


def main():
    args = rounds.arguments(__doc__)
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision):
        return
    from safetensors.torch import load_file

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        path, out = pathlib.Path(folder) / "resnet18.pth", pathlib.Path(folder) / "out.safetensors"
        torch.save(torchvision.models.resnet18().state_dict(), path)
        works = {
            "torch.load": lambda: torch.load(path),
            "torch.load, weights_only=False": lambda: torch.load(path, weights_only=False),
            "torch.load, mmap=True": lambda: torch.load(path, mmap=True),
        }
        work = f"loading a .pth of {path.stat().st_size / 1e6:.0f} MB"
        for threads in args.threads:
            torch.set_num_threads(threads)
            with rounds.Bench(args.bench, threads, "load", path, out) as ours:
                times = rounds.turns(args.rounds, {rounds.OURS: ours.round, **works})
            got, want = load_file(out), torch.load(path)
            differ = [k for k in want if not torch.equal(got[k].reshape(want[k].shape), want[k])]
            if set(got) != set(want):
                differ += sorted(set(got) ^ set(want))
            for name in works:
                rounds.row(work, name, threads, times[rounds.OURS], times[name], 1.0 if name == "torch.load" else None,
                           f"{len(differ)} of {len(want)} tensors differ")
        _, mine, _ = rounds.process([args.bench, "load", path, out], 2, stdin="\n")
        _, peer, _ = rounds.process([sys.executable, "-c", "import sys, torch; torch.load(sys.argv[1])", path], 2)
        rounds.memory(work, "torch.load", mine, peer)


if __name__ == "__main__":
    main()
