"""Writes testdata/golden/jpeg.safetensors: small JPEG files of all kinds, and Pillow's pixels.

    NAME: file       the file
    NAME: pixels     np.asarray(Image.open(file)), themselves or their SHA-256
    NAME: truncated  the same with LOAD_TRUNCATED_IMAGES, where Pillow refuses the file without

Needs cjpeg (libjpeg-turbo-progs) beside Pillow, for arithmetic coding, restart markers and odd
sampling factors. Names that begin with "damaged" are of files that were bent; with "cut", of
files that end too early.
"""

import hashlib
import io
import re
import subprocess

import numpy as np
from PIL import Image, ImageFile, features

from gen import save, uniform


def picture(name, w, h, channels=3):
    """A smooth picture with some noise: uniform numbers on the way from corner to corner."""
    y, x = np.mgrid[0:h, 0:w]
    waves = [128 + 100 * np.sin(x / 7 + y / 11), 128 + 90 * np.cos(x / 5 - y / 9), (x * 3 + y * 5) % 256, (x * y) % 256]
    noise = uniform(name, h * w * channels, 12).reshape(h, w, channels)
    return np.clip(np.stack(waves[:channels], -1) + noise, 0, 255).astype(np.uint8)


def cjpeg(a, *options):
    ppm = b"P6 %d %d 255\n" % (a.shape[1], a.shape[0]) + a.tobytes()
    return subprocess.run(["cjpeg", *options], input=ppm, capture_output=True, check=True).stdout


def pillow(a, mode, **options):
    b = io.BytesIO()
    Image.fromarray(a, mode).save(b, "JPEG", **options)
    return b.getvalue()


def pixels(file, truncated=False):
    ImageFile.LOAD_TRUNCATED_IMAGES = truncated
    a = np.asarray(Image.open(io.BytesIO(file)))
    return a


def stored(a):
    a = np.ascontiguousarray(a)
    return a if a.size <= 512 else np.frombuffer(hashlib.sha256(a.tobytes()).digest(), np.uint8)


SIZES = [(1, 1), (3, 2), (8, 8), (15, 25), (16, 17), (33, 31), (70, 5), (5, 40)]
SAMPLING = ["1x1", "2x1", "2x2", "1x2", "4x1", "4x2", "1x1,2x2,2x2", "1x4", "3x1", "2x2,2x1,1x2"]
MODES = [[], ["-progressive"], ["-arithmetic"], ["-arithmetic", "-progressive"], ["-restart", "1"],
         ["-progressive", "-restart", "1B"], ["-optimize", "-restart", "3B"]]

files = {}
n = 0
for i, (w, h) in enumerate(SIZES):
    for j, sampling in enumerate(SAMPLING):
        mode = MODES[n % len(MODES)]  # all pairs of sampling and mode over the sizes
        quality = [1, 50, 75, 90, 100][n % 5]
        name = " ".join([f"{w}x{h}", "sampling", sampling, "quality", str(quality), *mode])
        files[name] = cjpeg(picture(name, w, h), "-quality", str(quality), "-sample", sampling, *mode)
        n += 1
a = picture("gray", 20, 19)
for mode in MODES:
    files[" ".join(["gray", *mode])] = cjpeg(a, "-grayscale", *mode)
    files[" ".join(["rgb", *mode])] = cjpeg(a, "-rgb", *mode)
for progressive in (False, True):
    files[f"cmyk progressive {progressive}"] = pillow(picture("cmyk", 21, 18, 4), "CMYK", progressive=progressive)

# What markers tell, and do not. Pillow writes Adobe's marker into CMYK, JFIF's into YCbCr.
cmyk = files["cmyk progressive False"]
adobe = cmyk.index(b"\xff\xee")
files["ycck by Adobe's marker"] = cmyk[: adobe + 15] + b"\x02" + cmyk[adobe + 16 :]
files["cmyk without Adobe's marker"] = cmyk[:adobe] + cmyk[adobe + 16 :]
plain = cjpeg(a, "-sample", "2x2", "-restart", "1B")
jfif = plain.index(b"\xff\xe0")
bare = plain[:jfif] + plain[jfif + 18 :]
files["without markers"] = bare
files["Adobe's marker says RGB"] = bare[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00" + bare[2:]
files["Adobe's marker says YCbCr"] = bare[:2] + b"\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x01" + bare[2:]
sof = bare.index(b"\xff\xc0")
sos = bare.index(b"\xff\xda")
ids = bytearray(bare)
for c, letter in enumerate(b"RGB"):
    ids[sof + 10 + 3 * c] = letter
    ids[sos + 5 + 2 * c] = letter
files["components named RGB"] = bytes(ids)
# Motion JPEG: standard tables, left out.
standard = cjpeg(a, "-sample", "2x1")
b, at = bytearray(standard), 2
while b[at + 1] != 0xDA:
    length = b[at + 2] << 8 | b[at + 3]
    if b[at + 1] == 0xC4:
        del b[at : at + 2 + length]
    else:
        at += 2 + length
files["no Huffman tables"] = bytes(b)
# Between segments, and behind the end.
files["fill bytes, and bytes between segments"] = plain[:2] + b"\xff\xff\xff" + plain[2:20] + b"\x00\x01\x02" + plain[20:]
files["bytes behind the end"] = plain + b"\xff\xd8 more"
files["a second quantization table of 16 bits"] = plain[:2] + b"\xff\xdb\x00\x83\x13" + b"\x01\x02" * 64 + plain[2:]


def restarts(b):
    return [m.start() for m in re.finditer(rb"\xff[\xd0-\xd7]", b) if m.start() > b.index(b"\xff\xda")]


long = cjpeg(picture("long", 40, 33), "-sample", "2x2", "-restart", "1B")
at = restarts(long)
files["damaged: a restart marker is missing"] = long[: at[2]] + long[at[2] + 2 :]
files["damaged: an interval is missing"] = long[: at[1]] + long[at[2] :]
files["damaged: three intervals are missing"] = long[: at[1]] + long[at[4] :]
files["damaged: a restart marker twice"] = long[: at[2]] + long[at[2] : at[2] + 2] + long[at[2] :]
files["damaged: an interval twice"] = long[: at[2]] + long[at[1] : at[2]] + long[at[2] :]
for offset in range(1, 8):
    files[f"damaged: a restart marker {offset} further"] = long[: at[3] + 1] + bytes([0xD0 + (long[at[3] + 1] + offset) % 8]) + long[at[3] + 2 :]
files["damaged: another marker within"] = long[: at[2]] + b"\xff\x05" + long[at[2] :]
files["damaged: the end within"] = long[: at[3]] + b"\xff\xd9"
for kind, mode in [("sequential", []), ("optimized", ["-optimize"]), ("arithmetic", ["-arithmetic"]), ("restarts", ["-restart", "1B"])]:
    for quality in (1, 60, 95):
        f = cjpeg(picture(kind, 24, 31), "-quality", str(quality), "-sample", "2x1", *mode)
        begin = f.index(b"\xff\xda") + 14
        for k in range(6):
            u = uniform(f"{kind} {quality} {k}", 2, 1)
            i = begin + int((u[0] + 1) / 2 * (len(f) - 2 - begin))
            bent = bytearray(f)
            bent[i] = int((u[1] + 1) * 127)
            files[f"damaged: {kind}, quality {quality}, {k}"] = bytes(bent)
sequential = cjpeg(picture("cut", 33, 31), "-sample", "2x2")
for share in (0.4, 0.7, 0.99):
    begin = sequential.index(b"\xff\xda") + 14
    files[f"cut: {share}"] = sequential[: begin + int(share * (len(sequential) - begin - 2))]
files["cut: in a restart interval"] = long[: at[3] + 9]

tensors = {}
for name, file in files.items():
    tensors[f"{name}: file"] = np.frombuffer(file, np.uint8)
    try:
        tensors[f"{name}: pixels"] = stored(pixels(file))
    except OSError as error:
        if not name.startswith("cut"):
            assert name.startswith("damaged"), (name, error)
            del tensors[f"{name}: file"]  # bent so that Pillow refuses it
            continue
        tensors[f"{name}: truncated"] = stored(pixels(file, truncated=True))
save("jpeg.safetensors", tensors, {"libjpeg-turbo": features.version("libjpeg_turbo")})
print(len(files), "files")
