"""PNG files for pictures.py, put together by hand. The compressed data are stored
blocks, so that the same bytes come out with every zlib."""

import struct
import zlib

import numpy as np

from data import pixels

FILES = {}

KINDS = {"gray": (0, 1, (1, 2, 4, 8, 16)), "rgb": (2, 3, (8, 16)), "palette": (3, 1, (1, 2, 4, 8)),
         "gray alpha": (4, 2, (8, 16)), "rgba": (6, 4, (8, 16))}
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


def chunk(kind, data=b"", crc=None):
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data) if crc is None else crc)


def header(w, h, bits, kind, interlace=0, method=0, filters=0):
    return chunk(b"IHDR", struct.pack(">IIBBBBB", w, h, bits, kind, method, filters, interlace))


def samples(name, w, h, bits, channels):
    """Samples of a picture, in which low and high ones of 16 bits take turns."""
    a = pixels(name, h, w, channels).astype(np.int64)
    if bits == 16:
        low = pixels(name + " low", h, w, channels)
        a = np.where(a % 3 == 0, low, a * 256 + low)
    return a & (1 << bits) - 1


def filtered(a, bits, first=0):
    """Rows as PNG stores them, filter after filter in turn."""
    h, w, channels = a.shape
    out, above = b"", None
    size = max(1, bits * channels // 8)
    for y in range(h):
        text = "".join(format(v, f"0{bits}b") for v in a[y].ravel().tolist())
        text += "0" * (-len(text) % 8)
        row = [int(text[i : i + 8], 2) for i in range(0, len(text), 8)]
        above = above or [0] * len(row)
        kind, coded = (y + first) % 5, []
        for i, v in enumerate(row):
            left, up, corner = (row[i - size] if i >= size else 0), above[i], (above[i - size] if i >= size else 0)
            p = left + up - corner
            nearest = min((abs(p - left), 0, left), (abs(p - up), 1, up), (abs(p - corner), 2, corner))[2]
            coded.append(v - (0, left, up, (left + up) // 2, nearest)[kind] & 255)
        out, above = out + bytes([kind, *coded]), row
    return out


def deflated(raw):
    return zlib.compress(raw, 0)


def png(head, *chunks, end=True):
    return b"\x89PNG\r\n\x1a\n" + head + b"".join(chunks) + (chunk(b"IEND") if end else b"")


def export_png_kinds():
    """All combinations of kind, bits, transparency and interlacing."""
    w, h = 11, 9
    for kind, (number, channels, depths) in KINDS.items():
        for bits in depths:
            a = samples(f"{kind} {bits}", w, h, bits, channels)
            transparency = {"": None}
            before = b""
            if kind == "gray":
                transparency["trns"] = struct.pack(">H", a[2, 3, 0])
                transparency["trns beyond"] = struct.pack(">H", 0xffff)
            elif kind == "rgb":
                transparency["trns"] = struct.pack(">3H", *a[2, 3])
            elif kind == "palette":
                n = 1 << bits
                before = chunk(b"PLTE", pixels("colours", n, 3).tobytes())
                transparency["trns"] = b"\xff\0\xff"[:n]
                transparency["alphas"] = bytes(2 * i % 256 for i in range(n))
                transparency["trns too long"] = bytes(300)
            for t, data in transparency.items():
                trns = b"" if data is None else chunk(b"tRNS", data)
                name = f"{kind} {bits} {t}".strip()
                FILES[name + ".png"] = png(header(w, h, bits, number), before, trns, chunk(b"IDAT", deflated(filtered(a, bits))))
            raw = b"".join(filtered(a[y::dy, x::dx], bits, x + y) for x, y, dx, dy in PASSES)
            FILES[f"{kind} {bits} interlaced.png"] = png(header(w, h, bits, number, 1), before, chunk(b"IDAT", deflated(raw)))
    for w, h in ((1, 1), (2, 1), (1, 5), (3, 2), (5, 1), (4, 4)):
        a = samples("small", w, h, 2, 1)
        raw = b"".join(filtered(a[y::dy, x::dx], 2) for x, y, dx, dy in PASSES if a[y::dy, x::dx].size)
        FILES[f"interlaced {w}x{h}.png"] = png(header(w, h, 2, 0, 1), chunk(b"IDAT", deflated(raw)))


def export_png_oddities():
    w, h = 5, 4
    a = samples("odd", w, h, 8, 3)
    head, raw = header(w, h, 8, 2), filtered(a, 8)
    z = deflated(raw)
    idat = chunk(b"IDAT", z)

    def put(name, *chunks, head=head, end=True):
        FILES[name + ".png"] = png(head, *chunks, end=end)

    put("no end", idat, end=False)
    put("cut in the end", idat, chunk(b"IEND")[:6], end=False)
    put("garbage behind the data", idat, b"\0\0\0\0####", end=False)
    put("more data", chunk(b"IDAT", deflated(raw + bytes(1000))))
    put("another stream behind", chunk(b"IDAT", z + z))
    put("more chunks of data", idat, idat)
    put("a row too few", chunk(b"IDAT", deflated(raw[: (h - 1) * (1 + 3 * w)])))
    put("part of a row too few", chunk(b"IDAT", deflated(raw[:-1])))
    put("no row", chunk(b"IDAT", deflated(b"")))
    put("interlaced, rows too few", chunk(b"IDAT", deflated(filtered(a[::8, ::8], 8))), head=header(w, h, 8, 2, 1))
    put("cut in the data", chunk(b"IDAT", z)[:40], end=False)
    put("cut in the checksum of the data", chunk(b"IDAT", z[:-2]))
    put("wrong checksum of the data", chunk(b"IDAT", z[:-1] + bytes([z[-1] ^ 1])))
    put("wrong checksum of the chunk of data", chunk(b"IDAT", z, 1))
    put("wrong checksum before the data", chunk(b"tEXt", b"a\0b", 1), idat)
    put("wrong checksum of a palette", chunk(b"PLTE", bytes(6), 1), idat)
    put("wrong checksum behind the data", idat, chunk(b"tEXt", b"a\0b", 1))
    put("wrong checksum of the end", idat, chunk(b"IEND", b"", 1), end=False)
    put("data in pieces", *(chunk(b"IDAT", z[i : i + 3]) for i in range(0, len(z), 3)))
    put("empty pieces", chunk(b"IDAT"), chunk(b"IDAT", z[:9]), chunk(b"IDAT"), chunk(b"IDAT", z[9:]))
    put("pieces apart", chunk(b"IDAT", z[:30]), chunk(b"tEXt", b"a\0b"), chunk(b"IDAT", z[30:]))
    put("filter 5", chunk(b"IDAT", deflated(b"\5" + raw[1:])))
    put("not compressed", chunk(b"IDAT", raw))
    put("no data")
    put("the end before the data", chunk(b"IEND"), idat)
    put("no header", idat, head=b"")
    put("text before the header", head, idat, head=chunk(b"tEXt", b"a\0b"))
    put("a short header", idat, head=chunk(b"IHDR", head[8:20]))
    put("a long header", idat, head=chunk(b"IHDR", head[8:21] + b"??"))
    put("two headers", idat, head=header(9, 9, 8, 0) + head)
    put("method 1", idat, head=header(w, h, 8, 2, method=1))
    put("filter method 64", idat, head=header(w, h, 8, 2, filters=64))
    put("interlacing 2", chunk(b"IDAT", deflated(b"".join(filtered(a[y::dy, x::dx], 8) for x, y, dx, dy in PASSES))), head=header(w, h, 8, 2, 2))
    put("no width", idat, head=header(0, h, 8, 2))
    put("3 bits", idat, head=header(w, h, 3, 0))
    put("rgb of 4 bits", idat, head=header(w, h, 4, 2))
    put("palette of 16 bits", idat, head=header(w, h, 16, 3))
    put("kind 5", idat, head=header(w, h, 8, 5))
    put("a name that is none", chunk(b"a b!", b""), idat)
    put("unknown chunks", chunk(b"abCd", bytes(70000)), chunk(b"a_1x"), idat)

    index = filtered(samples("index", w, h, 8, 1) % 12, 8)
    head, idat = header(w, h, 8, 3), chunk(b"IDAT", deflated(index))
    colours = pixels("colours", 12, 3).tobytes()
    put("no palette", idat, head=head)
    put("an empty palette", chunk(b"PLTE"), idat, head=head)
    put("a short palette", chunk(b"PLTE", colours[:18]), idat, head=head)
    put("a palette of 8 bytes", chunk(b"PLTE", colours[:8]), idat, head=head)
    put("a palette of 257 colours", chunk(b"PLTE", bytes(771)), idat, head=head)
    put("two palettes", chunk(b"PLTE", colours), chunk(b"PLTE", colours[::-1]), idat, head=head)
    put("a palette behind the data", chunk(b"PLTE", colours), idat, chunk(b"PLTE", colours[::-1]), head=head)
    put("trns before the palette", chunk(b"tRNS", b"\xff\0"), chunk(b"PLTE", colours), idat, head=head)

    def control(n, *place):
        return chunk(b"fcTL", struct.pack(">IIIIIHHBB", n, *place, 1, 10, 0, 0))

    animation = chunk(b"acTL", struct.pack(">II", 2, 0))
    small = chunk(b"IDAT", deflated(filtered(a[:2, :3], 8)))
    put("animation", animation, control(0, w, h, 0, 0), chunk(b"IDAT", z), control(1, 1, 1, 0, 0), chunk(b"fdAT", struct.pack(">I", 2) + deflated(bytes(4))))
    put("animation of a still", animation, chunk(b"IDAT", z), control(0, 1, 1, 0, 0), chunk(b"fdAT", struct.pack(">I", 1) + deflated(bytes(4))))
    put("animation without a still", animation, control(0, w, h, 0, 0), chunk(b"fdAT", struct.pack(">I", 1) + z[:20]), chunk(b"fdAT", struct.pack(">I", 2) + z[20:]))
    put("animation, a small frame", animation, control(0, 3, 2, 1, 2), small)
    put("animation, a frame outside", animation, control(0, 3, 2, 3, 2), small)
    put("animation, an empty frame", animation, control(0, 0, 0, 0, 0), small)
    put("animation, numbers", animation, control(1, w, h, 0, 0), chunk(b"IDAT", z))
    put("animation, two frames before the data", animation, control(0, 1, 1, 0, 0), control(1, 3, 2, 2, 1), small)
    put("animation, a short control", animation, chunk(b"fcTL", bytes(25)), chunk(b"IDAT", z))


def files():
    export_png_kinds()
    export_png_oddities()
    return FILES
