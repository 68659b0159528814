"""Decoding image files to RGB: Glimpse and Pillow in turn, in one run, on one thread.

    go build -o BENCH ./testdata/peers/bench
    python decode_speed.py --bench BENCH
"""

import io
import pathlib
import tempfile

import rounds

KINDS = [  # name, size, Pillow's format and options
    ("JPEG, quality 90, 4:2:0", (500, 375), "JPEG", {"quality": 90}),
    ("JPEG, quality 90, 4:4:4", (500, 375), "JPEG", {"quality": 90, "subsampling": 0}),
    ("JPEG, progressive", (500, 375), "JPEG", {"quality": 90, "progressive": True}),
    ("JPEG, quality 85", (1920, 1080), "JPEG", {"quality": 85}),
    ("JPEG, quality 90", (32, 32), "JPEG", {"quality": 90}),
    ("PNG", (500, 375), "PNG", {}),
    ("WebP, lossy", (500, 375), "WEBP", {}),
    ("WebP, lossless", (500, 375), "WEBP", {"lossless": True}),
    ("GIF", (500, 375), "GIF", {}),
    ("BMP", (500, 375), "BMP", {}),
    ("TIFF, LZW", (500, 375), "TIFF", {"compression": "tiff_lzw"}),
    ("TIFF, Deflate", (500, 375), "TIFF", {"compression": "tiff_adobe_deflate"}),
]


def photograph(np, w, h):
    """Noise whose power falls with the square of the frequency, as that of photographs does."""
    rng = np.random.default_rng(0)
    fy, fx = np.meshgrid(np.fft.fftfreq(h), np.fft.rfftfreq(w), indexing="ij")
    falls = 1 / np.maximum(np.hypot(fy, fx), 1 / max(w, h))
    planes = [np.fft.irfft2(np.fft.rfft2(rng.normal(size=(h, w))) * falls, (h, w)) for _ in range(4)]
    colours = np.stack([planes[0] + planes[c + 1] / 3 for c in range(3)], -1)
    return np.clip(128 + 50 * (colours - colours.mean()) / colours.std(), 0, 255).astype(np.uint8)


def main():
    args = rounds.arguments(__doc__, threads=(1,))
    if not all([rounds.peer(m) for m in ("numpy", "PIL.Image", "safetensors.numpy")]):
        return
    import numpy as np
    from PIL import Image
    from safetensors.numpy import load_file

    with tempfile.TemporaryDirectory() as folder:
        path, out = pathlib.Path(folder) / "x", pathlib.Path(folder) / "y.safetensors"
        for name, (w, h), form, options in KINDS:
            Image.fromarray(photograph(np, w, h)).save(path, form, **options)
            file = path.read_bytes()
            times = max(1, 3_000_000 // (w * h + 10_000))

            def theirs():
                for _ in range(times):
                    Image.open(io.BytesIO(file)).convert("RGB")

            with rounds.Bench(args.bench, 1, "decode", path, times, out) as ours:
                took = rounds.turns(args.rounds, {rounds.OURS: ours.round, "Pillow": theirs})
            differ = int((load_file(out)["y"] != np.asarray(Image.open(io.BytesIO(file)).convert("RGB"))).sum())
            per = {who: [t / times for t in took[who]] for who in took}
            rounds.row(f"{name}, {w}x{h}, {len(file) // 1000 or 1} kB", "Pillow", 1, per[rounds.OURS], per["Pillow"], 1.0, f"{differ} bytes differ")


if __name__ == "__main__":
    main()
