"""GIF files for pictures.py, put together by hand but for two."""

import io
import struct

from PIL import Image

from data import pixels

FILES = {}


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


def files():
    export_gif()
    return FILES
