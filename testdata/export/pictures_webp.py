"""WebP files for pictures.py: pictures that Pillow writes, in containers put together
by hand."""

import io
import struct

from PIL import Image

from data import drawing, pixels

FILES = {}


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


def files():
    export_webp()
    return FILES
