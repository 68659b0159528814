"""Writes the goldens of Windows bitmaps and netpbm's files, testdata/golden/data/bitmaps.safetensors:
small files of every kind, written here by hand, and Pillow's convert("RGB") of them.

Those that Pillow refuses are kept with the part of the message that says why; what
internal/bmp makes of them is in its own tests.
"""

import io
import struct

import numpy as np
from PIL import Image

from gen import save, uniform


def noise(name, n):
    return np.floor(uniform(name, n, 1.0).astype(np.float64) * 128 + 128).astype(np.uint8).tobytes()


def bmp(width, height, bits, pixels, palette=b"", colours=0, compression=0, header=40, masks=(), offset=None, tail=b""):
    """A bitmap file; of an offset that is not given the right one is written."""
    fields = b"".join(struct.pack("<I", m) for m in masks)
    if header == 12:
        dib = struct.pack("<IHHHH", 12, width, height, 1, bits)
    else:
        dib = struct.pack("<IiiHHIIiiII", header, width, height, 1, bits, compression, len(pixels), 2835, 2835, colours, 0)
        if header < 40:
            dib, fields = dib[:header], b""
        elif header > 40:
            dib, fields = (dib + fields + bytes(124))[:header], b""
    at = 14 + len(dib) + len(fields) + len(palette) + len(tail)
    return b"BM" + struct.pack("<IHHI", at + len(pixels), 0, 0, at if offset is None else offset) + dib + fields + palette + tail + pixels


def rows(name, width, height, bits):
    return noise(name, (width * bits + 31) // 32 * 4 * height)


def colours(n, entry=4):
    return b"".join((noise("colour", 3 * n)[3 * i : 3 * i + 3] + b"\0")[:entry] for i in range(n))


def ramp(*levels):
    return b"".join(bytes([v, v, v, 0]) for v in levels)


def bmp_files():
    files = {}
    W, H = 11, 5
    for header in (12, 40, 52, 56, 64, 108, 124):
        for bits in (1, 4, 8, 16, 24, 32):
            n = 1 << bits if bits <= 8 else 0
            palette = colours(n, 3 if header == 12 else 4)
            files[f"{bits} bits, header {header}"] = bmp(W, H, bits, rows(f"{bits}", W, H, bits), palette, header=header)
    for bits in (1, 4, 8, 16, 24, 32):
        n = 1 << bits if bits <= 8 else 0
        files[f"{bits} bits, top down"] = bmp(W, -H, bits, rows(f"{bits}", W, H, bits), colours(n))
        for w in (1, 2, 3, 4, 8, 9):
            files[f"{bits} bits, {w} wide"] = bmp(w, 3, bits, rows(f"{bits}", w, 3, bits), colours(n))
    for bits, masks in (
        (16, (0xF800, 0x7E0, 0x1F)), (16, (0x7C00, 0x3E0, 0x1F)), (24, (0xFF0000, 0xFF00, 0xFF)),
        (32, (0xFF0000, 0xFF00, 0xFF, 0)), (32, (0xFF000000, 0xFF0000, 0xFF00, 0)), (32, (0xFF000000, 0xFF00, 0xFF, 0)),
        (32, (0xFF000000, 0xFF0000, 0xFF00, 0xFF)), (32, (0xFF, 0xFF00, 0xFF0000, 0xFF000000)),
        (32, (0xFF0000, 0xFF00, 0xFF, 0xFF000000)), (32, (0xFF000000, 0xFF00, 0xFF, 0xFF0000)), (32, (0, 0, 0, 0)),
    ):
        name = f"{bits} bits, fields " + " ".join(f"{m:x}" for m in masks)
        if len(masks) == 3 or masks[3] == 0:
            files[name + ", behind the header"] = bmp(W, H, bits, rows("fields", W, H, bits), compression=3, masks=masks[:3])
        for header in (52, 56, 64, 124):
            if header > 52 or len(masks) == 3 or masks[3] == 0:
                files[f"{name}, header {header}"] = bmp(W, H, bits, rows("fields", W, H, bits), compression=3, header=header, masks=masks)
    # Palettes: shorter than the bits allow, missing, of gray, of one colour; pixels beyond them.
    pixels = rows("beyond", W, H, 8)
    for n in (1, 2, 3, 100, 256):
        files[f"palette of {n}"] = bmp(W, H, 8, pixels, colours(n), n)
    for n in (3, 100, 256):
        files[f"gray palette of {n}"] = bmp(W, H, 8, pixels, ramp(*range(n)), n)
    files["palette of 2, 1 bit, black and white"] = bmp(W, H, 1, rows("1", W, H, 1), ramp(0, 255), 2)
    files["palette of 2, 1 bit, white and black"] = bmp(W, H, 1, rows("1", W, H, 1), ramp(255, 0), 2)
    files["palette of 1, 1 bit, black"] = bmp(W, H, 1, rows("1", W, H, 1), ramp(0), 1)
    files["palette of 1, 1 bit, red"] = bmp(W, H, 1, rows("1", W, H, 1), b"\0\0\xff\0", 1)
    files["palette of 3, 1 bit"] = bmp(W, H, 1, rows("1", W, H, 1), colours(3), 3)
    files["palette beside 24 bits"] = bmp(W, H, 24, rows("24", W, H, 24), colours(7), 7)
    files["palette under the pixels"] = bmp(W, H, 8, pixels + bytes(1100), offset=14 + 40 + 100)
    files["pixels that begin in the palette's place"] = bmp(W, H, 8, pixels, colours(256), offset=54)
    files["palette of 65537"] = bmp(W, H, 8, pixels, colours(256), 65537)
    files["palette of 300"] = bmp(W, H, 8, pixels, colours(300), 300)
    for bits in (8, 24):
        files[f"{bits} bits, no offset"] = bmp(W, H, bits, rows(f"{bits}", W, H, bits), colours(256 if bits == 8 else 0), offset=0)
        files[f"{bits} bits, a gap"] = bmp(W, H, bits, rows(f"{bits}", W, H, bits), colours(256 if bits == 8 else 0), tail=b"gap.!")
        whole = files[f"{bits} bits, header 40"]
        files[f"{bits} bits, last row not filled"] = whole[: -(-(W * bits // 8) % 4)]
        files[f"{bits} bits, a byte short"] = whole[: -(-(W * bits // 8) % 4) - 1]
    # Run lengths.
    p8, p4 = colours(256), colours(16)

    def rle(name, data, width=5, height=2, bits=8, **more):
        files["rle " + name] = bmp(width, height, bits, data, p8 if bits == 8 else p4, compression=1 if bits == 8 else 2, **more)

    rle("runs", b"\5\1\0\0\2\3\3\4\0\1")
    rle("no ends", b"\5\1\0\0\2\3\3\4")
    rle("top down", b"\5\1\0\0\2\3\3\4\0\1", height=-2)
    rle("one by one", b"\0\5\1\2\3\4\5\0\0\0\0\4\6\7\x08\x09\1\1\0\1")
    rle("left out", b"\0\2\1\1\1\7\0\2\2\0\1\1\0\1")
    rle("left out to the end", b"\2\1\0\2\3\1\0\1")
    rle("left out beyond", b"\2\1\0\2\xff\xff\0\1")
    rle("row ends early", b"\2\1\0\0\3\2\0\0\0\1")
    rle("row ends twice", b"\5\1\0\0\0\0\5\2\0\1")
    rle("run too long", b"\7\1\1\2\0\0\5\3\0\1")
    rle("one by one too long", b"\0\6\1\2\3\4\5\6\0\0\5\7\0\1", height=3)
    rle("one by one over the end", b"\5\1\0\0\0\7\1\2\3\4\5")
    rle("odd offset", b"\0\3\1\2\3\2\5\0\0\5\6\0\1", tail=b"!")
    rle("ends in a run", b"\5\1\0\0\5")
    rle("ends in an escape", b"\5\1\0\0\0\4\1\2")
    rle("picture ends early", b"\5\1\0\0\2\3\0\1")
    rle("row left out", b"\0\0\5\2\0\0\0\1")
    rle("4 bits, runs", b"\5\x12\0\0\2\x34\3\x56\0\1", bits=4)
    rle("4 bits, one by one", b"\0\5\x12\x34\x50\0\0\0\0\4\x67\x89\1\x10\0\1", bits=4)
    rle("4 bits, odd bytes", b"\0\6\x12\x34\x56\0\0\0\6\x78\0\1", bits=4, width=6)
    for header in (52, 56, 64, 108, 124):
        rle(f"header {header}", b"\5\1\0\0\2\3\3\4\0\1", header=header)
    files["rle of 8 bits in 4"] = bmp(5, 2, 4, b"\5\1\0\0\2\3\3\4\0\1", p4, compression=1)
    files["rle of 4 bits in 8"] = bmp(5, 2, 8, b"\5\x12\0\0\2\x34\3\x56\0\1", p8, compression=2)
    # Refused.
    files["rle of 24 bits"] = bmp(5, 2, 24, b"\5\1\0\0\2\3\3\4\0\1", compression=1)
    files["embedded JPEG"] = bmp(5, 2, 0, b"\xff\xd8\xff", compression=4)
    files["embedded PNG"] = bmp(5, 2, 0, b"\x89PNG", compression=5)
    files["fax"] = bmp(5, 2, 1, bytes(20), colours(2), compression=3, header=64)
    files["compression 7"] = bmp(5, 2, 24, bytes(40), compression=7)
    files["3 bits"] = bmp(5, 2, 3, bytes(40), colours(8))
    files["header 41"] = bmp(5, 2, 24, bytes(40), header=41)
    files["no width"] = bmp(0, 2, 24, bytes(40))
    files["fields of 8 bits"] = bmp(5, 2, 8, bytes(40), compression=3, masks=(0xE0, 0x1C, 3))
    return {name + ".bmp": data for name, data in files.items()}


def pnm_files():
    files = {}
    W, H = 5, 3
    for most in (1, 2, 10, 100, 254, 255, 256, 300, 1000, 4095, 65534, 65535):
        for kind, n in ((2, W * H), (3, 3 * W * H)):
            values = [v * (most + 1) >> 8 for v in noise(f"P{kind}", n)]
            values[:3] = 0, most // 2, most
            files[f"P{kind} {most}"] = b"P%d\n%d %d\n%d\n" % (kind, W, H, most) + b" ".join(b"%d" % v for v in values)
            raw = values[:-1] + [most + 1]  # beyond the range, which Pillow clips
            if most in (255, 65535):
                raw[-1] = most
            files[f"P{kind + 3} {most}"] = b"P%d\n%d %d\n%d\n" % (kind + 3, W, H, most) + struct.pack(f">{n}{'B' if most < 256 else 'H'}", *raw)
    for w in (1, 7, 8, 9):
        bits = [v & 1 for v in noise("P1", w * H)]
        files[f"P1 {w} wide"] = b"P1\n%d %d\n" % (w, H) + b"".join(b"%d" % v for v in bits)
        files[f"P4 {w} wide"] = b"P4\n%d %d\n" % (w, H) + noise("P4", (w + 7) // 8 * H)
    files["P1 spaces, comments"] = b"P1 # a comment\n#another\n\r4\t2 1 0\n1#1 1 1\n 0\n0 11\r0"
    files["P2 comments"] = b"P2#x\n2 2 255\n#\n1 2#3\r4 #5\n6"
    files["P2 comments, spaces"] = b"P2 #x\n2 2 255\n#\n1 2#3\r4 #5\n 6 7#8"
    files["P2 comment in a number"] = b"P2 1#1\n2 1 255 " + b"1 " * 12
    files["P5 comments"] = b"P5\n# one\n3 # two\n# three\n2\n255\n#1234\n"
    files["P5 white space"] = b"P5\x0b3\x0c2\r255\t123456"
    files["P6 line ends"] = b"P6\r\n1 1\r\n255\r\n\1\2\3"
    files["P5 two pictures"] = b"P5 2 1 255\n\1\2P5 2 1 255\n\3\4"
    files["P2 signs"] = b"P2 2 1 255 +7 -0"
    files["P2 leading zeros"] = b"P2 2 1 255 0000000007 008"
    for order, scale in ((">", b"1.0"), ("<", b"-1.0"), ("<", b"-0.25"), (">", b"1e3"), (">", b"0.5")):
        values = [0, 0.99, 1, 127.5, 254.99, 255, 256, 1e30, -1, float("inf"), float("-inf"), float("nan")]
        files[f"Pf {scale.decode()}"] = b"Pf\n4 3\n" + scale + b"\n" + struct.pack(order + "12f", *values)
    # Refused.
    files["P2 beyond"] = b"P2 2 1 255 1 256"
    files["P2 negative"] = b"P2 2 1 255 1 -1"
    files["P2 letters"] = b"P2 2 1 255 1 a"
    files["P2 long number"] = b"P2 2 1 255 1 00000000001"
    files["P2 short"] = b"P2 2 1 255 1"
    files["P3 short"] = b"P3 1 1 255 1 2"
    files["P1 short"] = b"P1 2 1 1"
    files["P1 digits"] = b"P1 2 1 1 2"
    files["P4 short"] = b"P4 9 1\n\1"
    files["P5 short"] = b"P5 2 1 255\n\1"
    files["P5 short, 16 bits"] = b"P5 1 1 65535\n\1"
    files["P6 short"] = b"P6 2 1 10\n\1\2\3\4\5"
    files["P5 no range"] = b"P5 2 1 0\n\1\2"
    files["P5 range of 65536"] = b"P5 2 1 65536\n\1\2\3\4"
    files["P5 negative"] = b"P5 -2 1 255\n\1\2"
    files["P5 no height"] = b"P5 2"
    files["P5 long width"] = b"P5 00000000002 1 255\n\1\2"
    files["P5x"] = b"P5x 2 1 255\n\1\2"
    files["P7"] = b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 1\nMAXVAL 255\nTUPLTYPE GRAYSCALE\nENDHDR\n\5"
    files["PF"] = b"PF 1 1 -1.0\n" + struct.pack("<3f", 1, 2, 3)
    files["Pf no scale"] = b"Pf 1 1 0\n\0\0\0\0"
    files["Pf short"] = b"Pf 1 1 -1\n\0\0\0"
    return {name + ".pnm": data for name, data in files.items()}


tensors, refused = {}, {}
for name, data in (bmp_files() | pnm_files()).items():
    tensors[name + ": file"] = np.frombuffer(data, np.uint8)
    try:
        rgb = np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))
    except Exception as e:
        print(f"{name}: {type(e).__name__}: {e}".replace("\n", " ")[:110])
        continue
    tensors[name + ": rgb"] = rgb
    tensors[name + ": size"] = np.array(rgb.shape[1::-1], np.int64)
save("data/bitmaps.safetensors", tensors)
