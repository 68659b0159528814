"""Writes testdata/golden/data/pictures.safetensors: small PNG, GIF and WebP files of
every kind and oddity, and what Pillow makes of them.

    NAME: file             the file
    NAME: size             width and height, 0 and 0 where Pillow refuses it
    NAME: rgb              Image.open(file).convert("RGB")
    NAME: oriented         ImageOps.exif_transpose(Image.open(file)).convert("RGB"), where
                           the file tells an orientation; its size is "NAME: oriented size"
    premultiplied          convert("RGBA") of an RGBa picture whose pixel (v, a) has the
                           colour (v, 255 - v, v // 2) under the alpha a

Most files are put together here by hand, as Pillow writes no such; the compressed data
of PNG are stored blocks, so that the same bytes come out with every zlib.
"""

import io
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, ImageOps, features

from data import drawing, pixels, stored
from gen import save

FILES = {}


# PNG

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


# GIF


def codes(values, size, clear_every=1, end=True, blocks=255):
    """LZW codes of indices, from a table that is emptied before it grows."""
    bits = n = 0
    width, clear = size + 1, 1 << size
    out = []
    for i, v in enumerate(values):
        if i % clear_every == 0:
            out.append(clear)
        out.append(v)
    if end:
        out.append(clear + 1)
    for c in out:
        bits |= c << n
        n += width
    return cut(bits.to_bytes((n + 7) // 8, "little"), size, blocks)


def cut(data, size, blocks=255):
    return bytes([size]) + b"".join(bytes([len(data[i : i + blocks])]) + data[i : i + blocks] for i in range(0, len(data), blocks)) + b"\0"


def packed(triples, size):
    """Codes as they are, each with its width."""
    bits = n = 0
    for c, width in triples:
        bits |= c << n
        n += width
    return cut(bits.to_bytes((n + 7) // 8, "little"), size)


def export_gif():
    colours = pixels("colours", 4, 3).tobytes()
    ramp = bytes(v for i in range(4) for v in (i, i, i))
    index = (pixels("gif", 12) % 4).tolist()

    def put(name, *parts, screen=(4, 3), flags=0x81, palette=colours, end=b";", version=b"GIF89a"):
        FILES[name + ".gif"] = version + struct.pack("<HHBBB", *screen, flags, 3, 0) + palette + b"".join(parts) + end

    def frame(x, y, w, h, data, flags=0, palette=b""):
        return b"," + struct.pack("<HHHHB", x, y, w, h, flags) + palette + data

    def control(data):
        return b"!\xf9" + bytes([len(data)]) + data + b"\0"

    whole = frame(0, 0, 4, 3, codes(index, 2))
    put("plain", whole)
    put("no trailer", whole, end=b"")
    put("version 87a", whole, version=b"GIF87a")
    put("version 88a", whole, version=b"GIF88a")
    put("frame to the right", frame(2, 0, 4, 3, codes(index, 2)))
    put("frame below", frame(0, 2, 4, 3, codes(index, 2)))
    put("frame far outside", frame(5, 6, 4, 3, codes(index, 2)))
    put("frame outside, transparent", control(b"\1\0\0\2"), frame(5, 6, 4, 3, codes(index, 2)))
    put("no screen", whole, screen=(0, 0))
    put("empty frame", frame(0, 0, 0, 0, codes(index, 2)))
    put("frame without rows", frame(0, 0, 4, 0, codes(index, 2)))
    put("no frame")
    put("trailer first", b";", whole)
    put("comment, then trailer", b"!\xfe\3abc\0;", whole)
    put("extensions", b"!\xfe\3abc\0!\xff\x0bNETSCAPE2.0\3\1\0\0\0!\1\2ab\1c\0", whole)
    put("garbage before the frame", b"\0\0xyz", whole)
    small = frame(1, 1, 2, 1, codes([1, 3], 2))
    put("small frame", small)
    put("small frame, transparent 0", control(b"\1\0\0\0"), small)
    put("small frame, transparent 2", control(b"\1\0\0\2"), small)
    put("small frame, transparent beyond the palette", control(b"\1\0\0\x80"), small)
    put("small frame, background", small, screen=(4, 3))
    put("control of 2 bytes", control(b"\0\0"), small)
    put("control of 3 bytes", control(b"\0\0\0"), small)
    put("control of 3 bytes, transparent", control(b"\1\0\0"), small)
    put("control of 6 bytes", control(b"\1\0\0\2\1\1"), small)
    put("two controls", control(b"\1\0\0\2"), control(b"\0\0\0\1"), small)
    put("control of two blocks", b"!\xf9\4\1\0\0\2\4\1\0\0\1\0", small)
    put("no palette", small, flags=1, palette=b"")
    put("no palette, transparent", control(b"\1\0\0\7"), frame(1, 1, 2, 1, codes([9, 200], 8)), flags=1, palette=b"")
    put("gray ramp", small, palette=ramp)
    put("own palette", frame(1, 1, 2, 1, codes([1, 3], 2), 0x81, colours[::-1]))
    put("own gray ramp", frame(1, 1, 2, 1, codes([1, 3], 2), 0x81, ramp))
    put("own gray ramp, no other", frame(1, 1, 2, 1, codes([1, 3], 2), 0x81, ramp), flags=1, palette=b"")
    put("index beyond the palette", frame(0, 0, 4, 3, codes([1, 200] * 6, 8)))
    put("palette cut off", flags=0x87, end=b"")
    put("too few pixels", frame(0, 0, 4, 3, codes(index[:-1], 2)))
    put("too few pixels, no end", frame(0, 0, 4, 3, codes(index[:-1], 2, end=False)))
    put("too many pixels", frame(0, 0, 4, 3, codes(index + [1] * 50, 2)))
    put("no end code", frame(0, 0, 4, 3, codes(index, 2, end=False)))
    put("blocks of one byte", frame(0, 0, 4, 3, codes(index, 2, blocks=1)))
    put("block cut off", frame(0, 0, 4, 3, codes(index, 2))[:-3], end=b"")
    for size in (0, 1, 3, 8, 9, 11, 12, 13):
        values = [v % max(1, 1 << size) for v in index]
        put(f"code size {size}", frame(0, 0, 4, 3, codes(values, size)))
    put("code size 9, high index", frame(0, 0, 4, 3, codes([257] + index[1:], 9)))
    put("no clear code", frame(0, 0, 3, 1, packed([(1, 3), (2, 3), (3, 4)], 2)))
    put("code of the entry that it adds", frame(0, 0, 3, 1, packed([(4, 3), (1, 3), (6, 3), (5, 4)], 2)))
    put("code beyond the table", frame(0, 0, 3, 1, packed([(4, 3), (1, 3), (7, 3), (5, 4)], 2)))
    put("entry right after clear", frame(0, 0, 3, 1, packed([(4, 3), (6, 3), (1, 3), (5, 4)], 2)))
    put("interlaced", frame(0, 0, 2, 9, codes((pixels("rows", 18) % 4).tolist(), 2), 0x40), screen=(2, 9))
    put("interlaced, 1 row", frame(0, 0, 4, 1, codes(index[:4], 2), 0x40))
    put("interlaced, 3 rows", frame(1, 1, 4, 3, codes(index, 2), 0x40))
    # The table fills up, is used full for a while, and the widths of codes grow.
    noise = Image.fromarray(pixels("noise", 90, 90))
    b = io.BytesIO()
    noise.save(b, "GIF")
    FILES["table full.gif"] = b.getvalue()
    b = io.BytesIO()
    Image.new("P", (300, 40), 3).save(b, "GIF")
    FILES["long strings.gif"] = b.getvalue()


# WebP


def riff(kind, data):
    return kind + struct.pack("<I", len(data)) + data + b"\0" * (len(data) % 2)


def webp(*chunks, more=0):
    body = b"WEBP" + b"".join(chunks)
    return b"RIFF" + struct.pack("<I", len(body) + more) + body


def u24(v):
    return struct.pack("<I", v)[:3]


def still(im, **options):
    """The chunks of a picture, without VP8X."""
    b = io.BytesIO()
    im.save(b, "WEBP", **options)
    b, chunks = b.getvalue()[12:], {}
    while b:
        n = struct.unpack("<I", b[4:8])[0]
        chunks[b[:4]] = b[8 : 8 + n]
        b = b[8 + n + n % 2 :]
    return b"".join(riff(k, v) for k, v in chunks.items() if k in (b"ALPH", b"VP8 ", b"VP8L"))


def export_webp():
    im = drawing(13, 10)
    rgba = im.copy()
    rgba.putalpha(Image.fromarray(pixels("alpha", 10, 13)))
    lossy, lossless = still(im, quality=80), still(im, lossless=True)
    both, clear = still(rgba, quality=80), still(rgba, lossless=True, exact=True)
    assert len(both) > len(lossy) and both[:4] == b"ALPH"

    def canvas(w, h, flags=0):
        return riff(b"VP8X", bytes([flags, 0, 0, 0]) + u24(w - 1) + u24(h - 1))

    def frame(x, y, data, w=13, h=10, flags=0):
        return riff(b"ANMF", u24(x // 2) + u24(y // 2) + u24(w - 1) + u24(h - 1) + u24(100) + bytes([flags]) + data)

    anim = riff(b"ANIM", b"\x10\x20\x30\xff\0\0")  # a background that counts for nothing
    animated = canvas(20, 15, 2)
    for name, data in {
        "lossy": (lossy,),
        "lossless": (lossless,),
        "lossless alpha": (clear,),
        "extended": (canvas(13, 10), lossy),
        "extended alpha": (canvas(13, 10, 16), both),
        "extended, alpha unsaid": (canvas(13, 10), both),
        "extended, alpha said and absent": (canvas(13, 10, 16), lossy),
        "extended lossless": (canvas(13, 10, 16), clear),
        "extended, unlike its canvas": (canvas(14, 10), lossy),
        "extended, no picture": (canvas(13, 10),),
        "profile and metadata": (canvas(13, 10, 0x2c), riff(b"ICCP", bytes(99)), lossy, riff(b"EXIF", b"Exif\0\0"), riff(b"XMP ", b"<x/>")),
        "unknown chunks": (canvas(13, 10), riff(b"abcd", bytes(5)), lossy, riff(b"efgh", b"")),
        "unknown chunk behind a simple picture": (lossy, riff(b"abcd", bytes(5))),
        "animation": (animated, anim, frame(0, 0, lossy), frame(4, 4, lossless)),
        "animation, offset": (animated, anim, frame(4, 2, lossy), frame(0, 0, lossless)),
        "animation, offset lossless": (animated, anim, frame(6, 4, lossless)),
        "animation, alpha": (canvas(20, 15, 18), anim, frame(2, 2, both)),
        "animation, alpha, blended": (canvas(20, 15, 18), anim, frame(2, 2, clear, flags=2)),
        "animation, whole canvas": (canvas(13, 10, 2), anim, frame(0, 0, lossy)),
        "animation, unknown chunks": (animated, riff(b"abcd", b"1"), anim, frame(2, 2, lossy + riff(b"abcd", b"1")), riff(b"abcd", b"1")),
        "animation, frame outside": (animated, anim, frame(8, 2, lossy)),
        "animation, frame unlike its picture": (animated, anim, frame(0, 0, lossy, w=12)),
        "animation, no frame": (animated, anim),
        "animation, empty frame": (animated, anim, frame(0, 0, b""), frame(0, 0, lossy)),
        "animation, picture outside of frames": (canvas(13, 10, 2), anim, lossy),
    }.items():
        FILES[name + ".webp"] = webp(*data)
    FILES["cut.webp"] = webp(lossy)[:-20]
    FILES["cut behind the picture.webp"] = webp(canvas(13, 10, 8), lossy, riff(b"EXIF", bytes(30)))[:-20]
    FILES["too long.webp"] = webp(lossy) + b"garbage"
    FILES["says more.webp"] = webp(lossy, more=10)
    FILES["says less.webp"] = webp(lossy, more=-4)
    at = lossy.index(b"VP8 ") + 8
    FILES["hidden frame.webp"] = webp(lossy[:at] + bytes([lossy[at] & ~16]) + lossy[at + 1 :])
    FILES["no key frame.webp"] = webp(lossy[:at] + bytes([lossy[at] | 1]) + lossy[at + 1 :])
    b = io.BytesIO()
    im.save(b, "WEBP", save_all=True, append_images=[im.rotate(90), im.rotate(180)], quality=70)
    FILES["written animated.webp"] = b.getvalue()


# Orientation


def tiff(order, *entries, beside=b"", at=8):
    """Exif data of one directory; an entry is tag, type, count and 4 bytes of value."""
    b = struct.pack(order + "HI", 42, at) + bytes(at - 8) + struct.pack(order + "H", len(entries))
    for tag, kind, count, value in entries:
        b += struct.pack(order + "HHI", tag, kind, count) + value.ljust(4, b"\0")
    return (b"II" if order == "<" else b"MM") + b + bytes(4) + beside


def export_orientation():
    im = drawing(7, 4)
    packet = '<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'
    element = "<x:xmpmeta><tiff:Orientation>%d</tiff:Orientation></x:xmpmeta>"

    def short(order, v):
        return (0x112, 3, 1, struct.pack(order + "H", v))

    other = (0x110, 2, 4, b"abc\0")
    data = {f"{v}": tiff("<", short("<", v)) for v in range(11)}
    data |= {
        "big endian": tiff(">", other, short(">", 6)),
        "long": tiff("<", (0x112, 4, 1, struct.pack("<I", 6))),
        "long, too large": tiff("<", (0x112, 4, 1, struct.pack("<I", 65542))),
        "signed short": tiff(">", (0x112, 8, 1, struct.pack(">h", 3))),
        "signed long": tiff(">", (0x112, 9, 1, struct.pack(">i", 3))),
        "byte": tiff("<", (0x112, 1, 1, b"\6")),
        "text": tiff("<", (0x112, 2, 2, b"6\0")),
        "two values": tiff("<", (0x112, 3, 2, struct.pack("<HH", 8, 3))),
        "three values": tiff("<", (0x112, 3, 3, struct.pack("<I", 26)), beside=struct.pack("<3H", 5, 6, 7)),
        "no value": tiff("<", (0x112, 3, 0, b"")),
        "twice": tiff("<", short("<", 6), short("<", 3)),
        "behind a value outside": tiff("<", (0x110, 2, 40, struct.pack("<I", 60)), short("<", 6)),
        "behind a value too long": tiff("<", (0x110, 2, 1 << 30, struct.pack("<I", 26)), short("<", 6)),
        "behind an unknown type": tiff("<", (0x110, 99, 1, b"\1"), short("<", 6)),
        "far directory": tiff("<", short("<", 6), at=60),
        "directory outside": tiff("<", short("<", 6))[:4] + struct.pack("<I", 9999) + tiff("<", short("<", 6))[8:],
        "cut": tiff("<", other, short("<", 6))[:30],
        "cut header": tiff("<", short("<", 6))[:7],
        "empty": b"",
        "garbage": b"garbage, and more of it",
        "twice a name": b"Exif\0\0" + tiff("<", short("<", 6)),
        "mixed header": b"II\0*" + tiff("<", short("<", 6))[4:],
    }
    for name, exif in data.items():
        FILES[f"exif {name}.png"] = png(header(7, 4, 8, 2), chunk(b"eXIf", exif), chunk(b"IDAT", deflated(filtered(np.asarray(im).astype(int), 8))))
    raw = chunk(b"IDAT", deflated(filtered(np.asarray(im).astype(int), 8)))
    head, six, three = header(7, 4, 8, 2), data["6"], data["3"]

    def text(kind, key, value):
        if kind == b"zTXt":
            return chunk(kind, key + b"\0\0" + deflated(value))
        if kind == b"iTXt":
            return chunk(kind, key + b"\0\0\0en\0key\0" + value)
        return chunk(kind, key + b"\0" + value)

    packed = chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + deflated((packet % 5).encode()))
    profile = ("\nexif\n%8d\n" % (len(six) + 6)).encode() + b"\n".join((b"Exif\0\0" + six).hex().encode()[i : i + 72] for i in range(0, 100, 72)) + b"\n"
    for name, chunks in {
        "behind the data": (raw, chunk(b"eXIf", six)),
        "twice": (chunk(b"eXIf", six), raw, chunk(b"eXIf", three)),
        "profile": (text(b"zTXt", b"Raw profile type exif", profile), raw),
        "profile, plain": (text(b"tEXt", b"Raw profile type exif", profile), raw),
        "profile and chunk": (text(b"zTXt", b"Raw profile type exif", profile), chunk(b"eXIf", three), raw),
        "xmp": (text(b"iTXt", b"XML:com.adobe.xmp", (packet % 8).encode()), raw),
        "xmp packed": (packed, raw),
        "xmp and chunk": (text(b"iTXt", b"XML:com.adobe.xmp", (packet % 8).encode()), chunk(b"eXIf", three), raw),
        "xmp and chunk of 1": (text(b"iTXt", b"XML:com.adobe.xmp", (packet % 8).encode()), chunk(b"eXIf", data["1"]), raw),
        "xmp and chunk without": (text(b"iTXt", b"XML:com.adobe.xmp", (packet % 8).encode()), chunk(b"eXIf", tiff("<", other)), raw),
        "xmp 9": (text(b"iTXt", b"XML:com.adobe.xmp", (packet % 9).encode()), raw),
        "other text": (text(b"tEXt", b"Comment", (packet % 8).encode()), raw),
    }.items():
        FILES[f"metadata {name}.png"] = png(head, *chunks)

    b = io.BytesIO()
    im.save(b, "JPEG", quality=95, subsampling="4:4:4")
    body = b.getvalue()[2:]

    def segment(data, marker=0xE1):
        return struct.pack(">BBH", 0xFF, marker, len(data) + 2) + data

    name, space = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0"
    for v in range(1, 9):
        FILES[f"exif {v}.jpg"] = b"\xff\xd8" + segment(name + data[str(v)]) + body
    for what, segments in {
        "in two": segment(name + six[:12]) + segment(name + six[12:]),
        "behind others": segment(b"\xff\xe1\xff\xda", 0xE0) + segment(bytes(70), 0xFE) + b"\xff\xff" + segment(name + six),
        "xmp": segment(space + (packet % 5).encode()),
        "xmp element": segment(space + (element % 7).encode()),
        "xmp and exif": segment(space + (packet % 5).encode()) + segment(name + three),
        "another app1": segment(b"abc" + six),
    }.items():
        FILES[f"metadata {what}.jpg"] = b"\xff\xd8" + segments + body
    picture = still(im, lossless=True)
    canvas = riff(b"VP8X", bytes([12, 0, 0, 0]) + u24(6) + u24(3))
    for what, chunks in {
        "exif": (picture, riff(b"EXIF", six)),
        "exif, named": (picture, riff(b"EXIF", name + six)),
        "exif before": (riff(b"EXIF", six), picture),
        "exif twice": (picture, riff(b"EXIF", six), riff(b"EXIF", three)),
        "xmp": (picture, riff(b"XMP ", (packet % 6).encode())),
        "odd": (picture, riff(b"abcd", b"123"), riff(b"EXIF", six + b"\0")),
    }.items():
        FILES[f"metadata {what}.webp"] = webp(canvas, *chunks)
    FILES["metadata animation.webp"] = webp(
        riff(b"VP8X", bytes([10, 0, 0, 0]) + u24(8) + u24(5)), riff(b"ANIM", bytes(6)),
        riff(b"ANMF", u24(1) + u24(1) + u24(6) + u24(3) + u24(9) + b"\0" + picture), riff(b"EXIF", six))


def main():
    export_png_kinds()
    export_png_oddities()
    export_gif()
    export_webp()
    export_orientation()
    tensors = {}
    for name, data in FILES.items():
        tensors[name + ": file"] = np.frombuffer(data, np.uint8)
        try:
            with Image.open(io.BytesIO(data)) as im:
                rgb = im.convert("RGB")
        except Exception as e:
            tensors[name + ": size"] = np.zeros(2, np.int64)
            print(f"{name}: refused: {e!r}")
            continue
        tensors[name + ": size"] = np.array(rgb.size, np.int64)
        tensors[name + ": rgb"] = stored(np.asarray(rgb))
        if name.startswith(("exif", "metadata")):
            try:
                turned = ImageOps.exif_transpose(Image.open(io.BytesIO(data))).convert("RGB")
            except Exception as e:
                print(f"{name}: no orientation: {e!r}")
                turned = rgb
            tensors[name + ": oriented"] = stored(np.asarray(turned))
            tensors[name + ": oriented size"] = np.array(turned.size, np.int64)
    a, v = np.mgrid[:256, :256].astype(np.uint8)
    premultiplied = Image.frombytes("RGBa", (256, 256), np.stack([v, 255 - v, v // 2, a], 2).tobytes())
    tensors["premultiplied"] = stored(np.asarray(premultiplied.convert("RGBA").convert("RGB")))
    print(len(FILES), "files")
    save("data/pictures.safetensors", tensors, {"libwebp": str(features.version("webp"))})


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    main()
