"""Files for pictures.py that tell an orientation in one of the places for it."""

import io
import struct

import numpy as np

from data import drawing
from pictures_png import chunk, deflated, filtered, header, png
from pictures_webp import riff, still, u24, webp

FILES = {}


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


def files():
    export_orientation()
    return FILES
