"""Resizing images, bilinear: Glimpse and Pillow in turn, in one run, on one thread.

    go build -o BENCH ./testdata/peers/bench
    python resize_speed.py --bench BENCH
"""

import pathlib
import tempfile

import rounds

SIZES = [(96, 96, 128, 128), (500, 375, 224, 224), (32, 32, 128, 128), (640, 480, 341, 256), (2000, 1500, 299, 224)]


def main():
    args = rounds.arguments(__doc__, threads=(1,))
    if not all([rounds.peer(m) for m in ("numpy", "PIL.Image", "safetensors.numpy")]):
        return
    import numpy as np
    from PIL import Image
    from safetensors.numpy import load_file, save_file

    rng = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        source, out = pathlib.Path(folder) / "x.safetensors", pathlib.Path(folder) / "y.safetensors"
        for w, h, w2, h2 in SIZES:
            pixels = rng.integers(0, 256, (h, w, 3), np.uint8)
            image = Image.fromarray(pixels)
            save_file({"x": pixels}, source)
            times = max(1, 3_000_000 // (w * h + w2 * h2))

            def theirs():
                for _ in range(times):
                    image.resize((w2, h2), Image.BILINEAR)

            with rounds.Bench(args.bench, 1, "resize", source, w2, h2, times, out) as ours:
                took = rounds.turns(args.rounds, {rounds.OURS: ours.round, "Pillow": theirs})
            differ = int((load_file(out)["y"] != np.asarray(image.resize((w2, h2), Image.BILINEAR))).sum())
            per = {name: [t / times for t in took[name]] for name in took}
            rounds.row(f"resize {w}x{h} to {w2}x{h2}", "Pillow", 1, per[rounds.OURS], per["Pillow"], 0.7, f"{differ} bytes differ")


if __name__ == "__main__":
    main()
