"""A folder of photographs to features: Glimpse and PyTorch in turn, in one run.

    go build -o BENCH ./testdata/peers/bench
    python photographs_speed.py --bench BENCH --images stl10-unlabeled-png

JPEG files of 500 x 375 pixels through Resize(256), CenterCrop(224), ToTensor, Normalize and ResNet18 with
fc = identity, in batches of 16. PyTorch reads them by torchvision's ImageFolder and Pillow through its
DataLoader, with 0, 1 and 2 workers, in both memory layouts; the best counts. The files are made of small
pictures (--images), enlarged, with noise that gives them the bytes of photographs; --photographs names a
folder of files, by class, that are taken as they are. Beside the seconds stands the time of all processors
that both took, with the workers': a worker has a core of its own, whatever the number of threads.
"""

import os
import pathlib
import resource
import tempfile

import rounds

MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


def make(folder, images, n):
    """n JPEG files of 500 x 375 pixels, some 110 kB each, as class 0."""
    import numpy as np
    from PIL import Image

    rng = np.random.default_rng(0)
    sources = sorted(pathlib.Path(images).rglob("*.png"))
    (folder / "0").mkdir(parents=True)
    for i in range(n):
        picture = Image.open(sources[i % len(sources)]).convert("RGB").resize((500, 375), Image.LANCZOS)
        pixels = np.asarray(picture, np.float64) + rng.normal(0, 9, (375, 500, 1)) + rng.normal(0, 3, (375, 500, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / "0" / f"{i:04}.jpg", quality=90)


def network():
    import torch
    import torchvision

    torch.manual_seed(0)
    return torchvision.models.resnet18().eval()


def extract(folder, model, workers, layout):
    """Opens the folder, and returns the features."""
    import torch
    from torchvision import datasets, transforms

    pictures = datasets.ImageFolder(folder, transforms.Compose([
        transforms.Resize(256), transforms.CenterCrop(224), transforms.ToTensor(), transforms.Normalize(MEAN, STD)]))
    loader = torch.utils.data.DataLoader(pictures, batch_size=16, num_workers=workers)
    with torch.inference_mode():
        return torch.cat([model(x.to(memory_format=layout)) for x, _ in loader])


def processors(pid=None):
    """Seconds of all processors that a process took, or this one with its children that have ended."""
    if pid is None:
        return sum(u.ru_utime + u.ru_stime for u in map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)))
    fields = pathlib.Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main():
    def more(ap):
        ap.add_argument("--images", help="folder of small pictures, PNG, to make photographs of")
        ap.add_argument("--photographs", help="folder of JPEG files by class, instead")
        ap.add_argument("--count", type=int, default=200, help="photographs to make")

    args = rounds.arguments(__doc__, rounds=5, more=more)
    torch, torchvision = rounds.peer("torch"), rounds.peer("torchvision")
    if not (torch and torchvision):
        return
    from safetensors.torch import load_file, save_file

    plain, last = torch.contiguous_format, torch.channels_last
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        photographs, weights, out = args.photographs or folder / "photographs", folder / "w.safetensors", folder / "out.safetensors"
        if not args.photographs:
            make(photographs, args.images, args.count)
        sizes = [p.stat().st_size for p in pathlib.Path(photographs).rglob("*.jp*g")]
        save_file({k: v.contiguous() for k, v in network().state_dict().items()}, weights)
        models = {}
        for layout in (plain, last):
            models[layout] = network().to(memory_format=layout)
            models[layout].fc = torch.nn.Identity()
        for threads in args.threads:
            torch.set_num_threads(threads)
            kept, spent = {}, {}

            def run(name, workers, layout):
                def work():
                    began = processors()
                    kept[name] = extract(photographs, models[layout], workers, layout)
                    spent.setdefault(name, []).append(processors() - began)
                return work

            works = {name: run(name, w, layout) for w in (0, 1, 2) for layout in (plain, last)
                     for name in [f"PyTorch, {w} workers{', channels_last' if layout is last else ''}"]}
            with rounds.Bench(args.bench, threads, "photographs", weights, photographs, out) as ours:
                def glimpse():
                    began = processors(ours.process.pid)
                    took = ours.round()
                    spent.setdefault(rounds.OURS, []).append(processors(ours.process.pid) - began)
                    return took

                times = rounds.turns(args.rounds, {rounds.OURS: glimpse, **works})
            best = min(works, key=lambda w: min(times[w]))
            least = min(works, key=lambda w: min(spent[w]))
            got, want = load_file(out)["y"], kept[best]
            difference = ((got - want).abs().max() / want.abs().max()).item()
            rounds.row(f"ResNet18, {len(sizes)} photographs of {sum(sizes) // len(sizes) // 1000} kB to features", best, threads, times[rounds.OURS],
                       times[best], 0.6, f"features {difference:.1e} relative; time of processors {min(spent[rounds.OURS]) / min(spent[least]):.2f} "
                       f"of {least}'s, {1e3 * min(spent[rounds.OURS]) / len(sizes):.1f} ms an image")


if __name__ == "__main__":
    main()
