"""Class activation maps of 20 images from a cold start, whole process: Glimpse and the notebook in turn.

    go build -o CAM ./cmd/cam
    python cam_start.py --cam CAM --images FOLDER

Both read a ResNet18 that torch.save wrote (45 MB) and 20 images in class folders, resize them to 128,
measure the accuracy, map, and write the figure; each round is a new process of either. FOLDER holds
folders of images by class, of which the first two of each of the first ten are taken.
--source also times `go run ./cmd/cam`, which builds first.
"""

import pathlib
import shutil
import statistics
import sys
import tempfile

import rounds

HERE = pathlib.Path(__file__).resolve().parent


def choose(source, target):
    """Copy two images of each of ten classes."""
    for folder in sorted(p for p in pathlib.Path(source).iterdir() if p.is_dir())[:10]:
        (target / folder.name).mkdir(parents=True)
        for image in sorted(folder.iterdir())[:2]:
            shutil.copy(image, target / folder.name)


def heat(folder, size):
    """The bytes of the heat maps that Glimpse's raw maps make, as the notebook makes them of its own."""
    import cv2
    import numpy as np

    out = []
    for path in sorted(folder.glob("*.npy")):
        m = np.load(path)
        m = m - m.min()
        out.append(cv2.resize(np.uint8(m / m.max() * 255), (size, size)))
    return np.stack(out)


def main():
    def more(ap):
        ap.add_argument("--cam", required=True, help="the built cmd/cam")
        ap.add_argument("--images", required=True, help="folder of class folders")
        ap.add_argument("--source", action="store_true", help="time go run, too")

    args = rounds.arguments(__doc__, more=more, bench=False)
    if not all([rounds.peer(m) for m in ("torch", "torchvision", "cv2", "matplotlib")]):
        return
    import numpy as np
    import torch
    import torchvision

    torch.manual_seed(0)
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        weights, images = folder / "resnet18.pth", folder / "images"
        torch.save(torchvision.models.resnet18(num_classes=10).state_dict(), weights)
        choose(args.images, images)
        flags = ["-data", images, "-weights", weights, "-size", "128", "-start", "0", "-out", folder / "ours.png"]
        ours = [args.cam, *flags]
        theirs = [sys.executable, HERE / "notebook_cam.py", "--weights", weights, "--images", images, "--start", "0",
                  "--figure", folder / "theirs.png"]
        rounds.process([*ours, "-maps", folder / "maps"], 2)
        rounds.process([*theirs, "--heat", folder / "heat.npy"], 2)
        a, b = heat(folder / "maps", 128).astype(int), np.load(folder / "heat.npy").astype(int)
        difference = f"{(a != b).sum()} of {a.size:,} bytes of the heat maps differ, by at most {abs(a - b).max()}"
        work = "CAM of 20 images, whole process"
        for threads in args.threads:
            peaks = {}

            def run(name, command):
                def one():
                    seconds, peaks[name], _ = rounds.process(command, threads)
                    return seconds
                return one

            times = rounds.turns(args.rounds, {rounds.OURS: run("ours", ours), "notebook": run("theirs", theirs)})
            rounds.row(work, "the notebook", threads, times[rounds.OURS], times["notebook"], 0.2, difference)
        rounds.memory(work, "the notebook", peaks["ours"], peaks["theirs"])
        if args.source:
            root = HERE.parent.parent
            times = [rounds.process(["go", "run", "-C", root, "./cmd/cam", *flags], 2)[0] for _ in range(3)]
            print(f"{work}, go run ./cmd/cam with a filled build cache: {min(times):.2f} s (median {statistics.median(times):.2f})")


if __name__ == "__main__":
    main()
