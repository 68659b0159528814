"""Writes testdata/golden/tiff.safetensors: small TIFF files of every kind that is
read, one after another and deflated, each with its length and the size and the SHA-256
of the picture that Pillow's convert("RGB") gives (of JPEG, the pixels themselves).

The files are written here (write), so that any combination of tags can be had;
samples are random. Where Pillow cannot read a combination, or reads it as noise, it
judges by a twin: the same samples written in a way that it reads, which is little
endian, in one plane and deflated. "judged by twin" in the metadata lists those files
with what Pillow makes of them itself.
"""

import hashlib
import io
import json
import struct
import warnings
import zlib

import numpy as np
from PIL import Image, features

from gen import save

warnings.simplefilter("ignore")
rng = np.random.default_rng(20)
W, H = 18, 9

SHORT, LONG, RATIONAL, LONG8 = 3, 4, 5, 16
SIZES = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 16: 8}


def rational(v):
    return (int(round(v * 10000)), 10000)


def directory(tags, chunks, order, big, offset_tag, count_tag):
    """A file of one directory: the header, the chunks, long values, the directory."""
    e = "<" if order == "II" else ">"
    out = bytearray(order.encode() + (struct.pack(e + "HHHQ", 43, 8, 0, 0) if big else struct.pack(e + "HL", 42, 0)))
    offsets = []
    for c in chunks:
        offsets.append(len(out))
        out += c + b"\0" * (len(c) % 2)
    tags = {**tags, offset_tag: (LONG8 if big else LONG, offsets), count_tag: (LONG, [len(c) for c in chunks])}
    entries = []
    for tag, (kind, values) in sorted(tags.items()):
        if isinstance(values, bytes):
            raw, n = values, len(values)
        else:
            flat = np.ravel(values).tolist()
            raw = struct.pack(e + str(len(flat)) + {1: "B", 3: "H", 4: "L", 5: "L", 16: "Q"}[kind], *flat)
            n = len(values)
        room = 8 if big else 4
        if len(raw) > room:
            at, raw = len(out), raw + b"\0" * (len(raw) % 2)
            out += raw
            raw = struct.pack(e + ("Q" if big else "L"), at)
        entries.append(struct.pack(e + ("HHQ" if big else "HHL"), tag, kind, n) + raw.ljust(room, b"\0"))
    at = len(out)
    out += struct.pack(e + ("Q" if big else "H"), len(entries)) + b"".join(entries) + b"\0" * (8 if big else 4)
    if big:
        out[8:16] = struct.pack(e + "Q", at)
    else:
        out[4:8] = struct.pack(e + "L", at)
    return bytes(out)


def pack(a, bits, order):
    """Rows of samples as bytes."""
    if bits >= 8 and bits != 12:
        return np.ascontiguousarray(a).astype(a.dtype.newbyteorder("<" if order == "II" else ">")).tobytes()
    rows = (a.astype(np.uint16)[..., None] >> np.arange(bits)[::-1] & 1).astype(np.uint8).reshape(len(a), -1)
    return np.packbits(rows, axis=1).tobytes()


def lzw(data, old=False):
    """LZW, by the specification or as the first writers had it."""
    out, acc, n = bytearray(), 0, 0
    width, table, current = 9, {bytes([i]): i for i in range(256)}, b""

    def emit(code):
        nonlocal acc, n
        acc = acc | code << n if old else acc << width | code
        n += width
        while n >= 8:
            out.append(acc & 255 if old else acc >> n - 8 & 255)
            acc = acc >> 8 if old else acc & (1 << n - 8) - 1
            n -= 8

    nxt = 258
    emit(256)
    for b in data:
        if current + bytes([b]) in table:
            current += bytes([b])
            continue
        emit(table[current])
        table[current + bytes([b])] = nxt
        nxt += 1
        if nxt == (1 << width) + (1 if old else 0):
            width += 1
        if nxt == 4094:
            emit(256)
            width, nxt = 9, 258
            table = {bytes([i]): i for i in range(256)}
        current = bytes([b])
    if current:
        emit(table[current])
        nxt += 1
        if nxt == (1 << width) + (1 if old else 0):
            width += 1
    emit(257)
    if n:
        out.append(acc & 255 if old else acc << 8 - n & 255)
    return bytes(out)


def packbits(data, row):
    """PackBits, row by row, with runs, literals, and bytes that mean nothing."""
    out = bytearray()
    for y in range(0, len(data), row):
        line, i = data[y : y + row], 0
        while i < len(line):
            j = i
            while j + 1 < len(line) and line[j + 1] == line[i] and j - i < 127:
                j += 1
            if j > i:
                out += bytes([257 - (j - i + 1), line[i]])
                i = j + 1
                continue
            while j + 1 < len(line) and line[j + 1] != line[j] and j - i < 127:
                j += 1
            out += bytes([j - i]) + line[i : j + 1]
            i = j + 1
        out.append(128)
    return bytes(out)


def compress(data, compression, row):
    if compression in (8, 32946):
        return zlib.compress(data)
    if compression == 5:
        return lzw(data)
    if compression == "old lzw":
        return lzw(data, old=True)
    if compression == 32773:
        return packbits(data, row)
    return data


def difference(a, predictor, order):
    """The differences of samples, h x w x samples, or the bytes of a float row apart."""
    if predictor == 2:
        d = a.copy()
        d[:, 1:] -= a[:, :-1]
        return d, None
    if predictor == 3:
        h, w, n = a.shape
        b = a.astype(">f4").tobytes()
        b = np.frombuffer(b, np.uint8).reshape(h, w * n, 4).transpose(0, 2, 1).reshape(h, -1)
        d = b.copy()
        d[:, n:] -= b[:, :-n]
        return None, d.tobytes()
    return a, None


def write(a, bits, tags=None, order="II", big=False, tile=None, rows=5, planar=1, compression=1, predictor=1,
          fill=1, strip_tags=False, photometric=1):
    """A TIFF file of samples a, height x width x samples."""
    h, w, n = a.shape
    planes = [a] if planar == 1 else [a[..., i : i + 1] for i in range(n)]
    cw, ch = tile or (w, rows or h)
    chunks = []
    for p in planes:
        for y in range(0, h, ch):
            for x in range(0, w, cw):
                c = p[y : y + ch, x : x + cw]
                if tile:
                    c = np.pad(c, ((0, ch - c.shape[0]), (0, cw - c.shape[1]), (0, 0)), mode="edge")
                height = len(c)
                c, raw = difference(c, predictor, order)
                raw = raw if raw is not None else pack(c, bits, order)
                raw = compress(raw, compression, len(raw) // height)
                if fill == 2:
                    raw = bytes(int(f"{b:08b}"[::-1], 2) for b in raw)
                chunks.append(raw)
    all_tags = {
        256: (SHORT, [w]), 257: (LONG, [h]), 258: (SHORT, [bits] * n), 259: (SHORT, [5 if compression == "old lzw" else compression]),
        262: (SHORT, [photometric]), 277: (SHORT, [n]), 284: (SHORT, [planar]),
    }
    if fill != 1:
        all_tags[266] = (SHORT, [fill])
    if predictor != 1:
        all_tags[317] = (SHORT, [predictor])
    if tile:
        all_tags |= {322: (SHORT, [cw]), 323: (SHORT, [ch])}
    elif rows:
        all_tags[278] = (LONG, [rows])
    all_tags |= tags or {}
    all_tags = {k: v for k, v in all_tags.items() if v}
    strips = not tile or strip_tags
    return directory(all_tags, chunks, order, big, 273 if strips else 324, 279 if strips else 325)


def pillow(file):
    """Pillow's pixels, or its words."""
    try:
        with Image.open(io.BytesIO(file)) as im:
            im.load()
            if im.mode == "La":  # which it does not convert to RGB at once
                im = im.convert("LA")
            return np.asarray(im.convert("RGB"))
    except Exception as e:
        return f"{type(e).__name__}: {e}"


names, files, lengths, sizes, digests = [], [], [], [], []
tensors, by_twin = {}, {}


def put(name, file, twin=None, exactly=True):
    """Stores a file, judged by Pillow, or by Pillow on its twin."""
    assert name not in names, name
    got = pillow(file)
    if twin is not None:
        want = pillow(twin)
        assert not isinstance(want, str), (name, want)
        if isinstance(got, str):
            by_twin[name] = got.split(" <")[0]
        elif got.shape != want.shape or (got != want).any():
            by_twin[name] = "other pixels"
        got = want
    assert not isinstance(got, str), (name, got)
    names.append(name)
    files.append(file)
    lengths.append(len(file))
    sizes.append([got.shape[1], got.shape[0]])
    digests.append(list(hashlib.sha256(got.tobytes()).digest()))
    if not exactly:
        tensors[name] = np.ascontiguousarray(got).reshape(-1)


def samples(n, bits, kind="u"):
    """Random samples, of which many are near the ends of the range of a byte."""
    if kind == "f":
        a = rng.normal(128, 120, (H, W, n)).astype(np.float32)
        a[0, :8, 0] = [0, -0.0, 0.999, 254.999, 255, 255.001, np.inf, -np.inf]
        return a
    if kind == "i":
        t = {16: np.int16, 32: np.int32, 8: np.int8}[bits]
        a = rng.integers(-300, 600, (H, W, n)).astype(t)
        a[0, :4, 0] = [0, -1, np.iinfo(t).max, np.iinfo(t).min]
        return a
    t = {16: np.uint16, 32: np.uint32}.get(bits, np.uint16 if bits == 12 else np.uint8)
    a = rng.integers(0, 2**bits, (H, W, n), dtype=np.uint32).astype(t)
    if bits in (12, 32) or bits == 16 and n == 1:
        a[::2] %= 300
    if n >= 2:
        a[:2, :, -1] = 0
        a[2:4, :, -1] = 2**bits - 1
    return a


def colormap(bits):
    return {320: (SHORT, rng.integers(0, 65536, 3 << bits).tolist())}


EXTRA = lambda *v: {338: (SHORT, list(v))}
FORMAT = lambda v, n=1: {339: (SHORT, [v] * n)}

# Kind: photometric interpretation, samples, bits, their type, tags.
KINDS = {
    "bilevel": (1, 1, 1, "u", {}), "bilevel, white is zero": (0, 1, 1, "u", {}),
    "gray 2": (1, 1, 2, "u", {}), "gray 2, white is zero": (0, 1, 2, "u", {}),
    "gray 4": (1, 1, 4, "u", {}), "gray 4, white is zero": (0, 1, 4, "u", {}),
    "gray 8": (1, 1, 8, "u", {}), "gray 8, white is zero": (0, 1, 8, "u", {}),
    "gray 8 signed": (1, 1, 8, "i", FORMAT(2)),
    "gray 12": (1, 1, 12, "u", {}),
    "gray 16": (1, 1, 16, "u", {}), "gray 16, white is zero": (0, 1, 16, "u", {}),
    "gray 16 signed": (1, 1, 16, "i", FORMAT(2)),
    "gray 32": (1, 1, 32, "u", {}), "gray 32 signed": (1, 1, 32, "i", FORMAT(2)),
    "float 32": (1, 1, 32, "f", FORMAT(3)), "float 32, white is zero": (0, 1, 32, "f", FORMAT(3)),
    "gray and unspecified": (1, 2, 8, "u", EXTRA(0)), "gray and associated alpha": (1, 2, 8, "u", EXTRA(1)),
    "gray and alpha": (1, 2, 8, "u", EXTRA(2)),
    "palette 1": (3, 1, 1, "u", colormap(1)), "palette 2": (3, 1, 2, "u", colormap(2)),
    "palette 4": (3, 1, 4, "u", colormap(4)), "palette 8": (3, 1, 8, "u", colormap(8)),
    "palette and unspecified": (3, 2, 8, "u", colormap(8) | EXTRA(0)), "palette and alpha": (3, 2, 8, "u", colormap(8) | EXTRA(2)),
    "rgb": (2, 3, 8, "u", FORMAT(1, 3)), "rgb and one more": (2, 4, 8, "u", {}),
    "rgb and unspecified": (2, 4, 8, "u", EXTRA(0)), "rgb and associated alpha": (2, 4, 8, "u", EXTRA(1)),
    "rgb and alpha": (2, 4, 8, "u", EXTRA(2)), "rgb and 999": (2, 4, 8, "u", EXTRA(999)),
    "rgb and two": (2, 5, 8, "u", EXTRA(0, 0)), "rgb, associated alpha and one": (2, 5, 8, "u", EXTRA(1, 0)),
    "rgb, alpha and two": (2, 6, 8, "u", EXTRA(2, 0, 0)),
    "rgb 16": (2, 3, 16, "u", {}), "rgb 16 and one more": (2, 4, 16, "u", {}),
    "rgb 16 and unspecified": (2, 4, 16, "u", EXTRA(0)), "rgb 16 and associated alpha": (2, 4, 16, "u", EXTRA(1)),
    "rgb 16 and alpha": (2, 4, 16, "u", EXTRA(2)),
    "cmyk": (5, 4, 8, "u", {}), "cmyk and one": (5, 5, 8, "u", EXTRA(0)), "cmyk and two": (5, 6, 8, "u", EXTRA(0, 0)),
    "cmyk 16": (5, 4, 16, "u", {}),
    "ycbcr": (6, 3, 8, "u", {530: (SHORT, [1, 1])}),
}


def kinds():
    """Every kind in both byte orders, in strips and tiles, in one plane and in many,
    uncompressed and with LZW or Deflate, classic and Big."""
    for kind, (photometric, n, bits, t, tags) in KINDS.items():
        a = samples(n, bits, t)
        base = dict(bits=bits, tags=tags, photometric=photometric)
        for i, (order, planar, tile, compression) in enumerate([
            ("II", 1, None, 1), ("MM", 1, None, 1), ("II", 1, None, 8), ("MM", 1, (16, 16), 5), ("II", 1, (32, 16), 1), ("MM", 1, None, 8),
            ("II", 2, None, 1), ("MM", 2, (16, 16), 8), ("II", 2, (16, 32), 1), ("MM", 2, None, 5),
        ]):
            if planar == 2 and n == 1 and i > 6 or tile and compression == 1 and bits > 8 * 2:
                continue
            how = f"{kind}, {order}, {'planes, ' if planar == 2 else ''}{'tiles' if tile else 'strips'}, {compression}"
            # Of YCbCr that is not compressed Pillow has formulas of its own.
            twin = write(a, compression=1 if kind == "ycbcr" and compression == 1 else 8, **base)
            if "one more" in kind and planar == 2 and compression > 1:
                twin = None  # Pillow takes the fourth for associated alpha there, and only there
            put(how, write(a, order=order, planar=planar, tile=tile, compression=compression, **base), twin)
            if i < 2 or i == 3:
                put(how + ", big", write(a, order=order, planar=planar, tile=tile, compression=compression, big=True, **base), twin)
    for kind in ("bilevel", "gray 2", "gray 4, white is zero", "gray 8", "palette 1", "palette 4", "palette 8", "rgb", "gray 16"):
        photometric, n, bits, t, tags = KINDS[kind]
        a = samples(n, bits, t)
        for compression in (1, 5, 8, 32773):
            put(f"{kind}, fill order 2, {compression}", write(a, bits, tags, photometric=photometric, compression=compression, fill=2),
                write(a, bits, tags, photometric=photometric, compression=8))


def compressions():
    """Each compression, on data that make its codes grow and its runs be cut."""
    long = rng.integers(0, 256, (60, 131, 1), dtype=np.uint8)
    long[30:, 40:] = 7
    for compression in (5, "old lzw", 8, 32946, 32773):
        for rows in (7, None):
            put(f"compression {compression}, {rows} rows", write(long, 8, compression=compression, rows=rows))
    whole = np.zeros((300, 1, 1), np.uint8)
    put("strips of one byte", write(whole, 8, rows=1))
    put("tiles that have one place", overlapping())
    put("deflate with more rows than there are", extra_rows())


def overlapping():
    tile = rng.integers(0, 256, (16, 16, 1), dtype=np.uint8).tobytes()
    file = bytearray(directory({256: (SHORT, [48]), 257: (SHORT, [48]), 258: (SHORT, [8]), 259: (SHORT, [1]), 262: (SHORT, [1]),
                                322: (SHORT, [16]), 323: (SHORT, [16])}, [tile] * 9, "II", False, 324, 325))
    at = file.index(struct.pack("<9L", *range(8, 8 + 9 * 256, 256)))
    file[at : at + 36] = struct.pack("<9L", *[8] * 9)
    return bytes(file)


def extra_rows():
    raw = rng.integers(0, 256, 20 * 10, dtype=np.uint8).tobytes()
    return directory({256: (SHORT, [20]), 257: (SHORT, [7]), 258: (SHORT, [8]), 259: (SHORT, [8]), 262: (SHORT, [1]), 278: (SHORT, [10])},
                     [zlib.compress(raw)], "II", False, 273, 279)


def fax():
    """CCITT as libtiff writes it: all lengths of runs, all ways, both fill orders."""
    runs = np.zeros((70, 2700, 1), np.uint8)
    for y in range(64):
        white, black = y, 63 - y  # and then the multiples of 64
        x = 0
        for n, v in ((white, 0), (black, 1), (64 * (y % 41) + 1, 0), (9, 1), (3, 0), (2, 1)):
            runs[y, x : x + n] = v
            x += n
    for y in range(64, 70):
        runs[y] = 1
        runs[y, : 64 * (y - 40)] = 0
    for y in range(0, 42):
        runs[y, 64 * y :] ^= 1
    noise = (rng.random((40, 77, 1)) < 0.3).astype(np.uint8)
    blobs = np.repeat(np.repeat((rng.random((12, 25, 1)) < 0.5), 3, 0), 4, 1).astype(np.uint8)[:, :97]
    blobs[1::5, 3:] = blobs[1::5, :-3]
    for name, a in (("runs", runs), ("noise", noise), ("blobs", blobs)):
        for how, compression, tags in (("rle", "tiff_ccitt", {}), ("group 3", "group3", {}), ("group 3 2-D", "group3", {292: 1}),
                                       ("group 3 2-D fill", "group3", {292: 5}), ("group 3 fill", "group3", {292: 4}), ("group 4", "group4", {})):
            if name == "runs" and "fill" in how:
                continue
            im = Image.fromarray(a[..., 0] == 0)  # black is 0 there
            out = io.BytesIO()
            im.save(out, "TIFF", compression=compression, tiffinfo=tags | {278: 16, 262: 0})
            with Image.open(out) as im:
                t = im.tag_v2
                chunks = [out.getvalue()[o : o + n] for o, n in zip(t[273], t[279])]
                rows = t[278]
            for photometric in (0, 1):
                for fill in (1, 2):
                    if name != "blobs" and photometric + fill != 1 + (name == "noise"):
                        continue
                    raw = [c if fill == 1 else bytes(int(f"{b:08b}"[::-1], 2) for b in c) for c in chunks]
                    tt = {256: (SHORT, [a.shape[1]]), 257: (SHORT, [a.shape[0]]), 258: (SHORT, [1]),
                          259: (SHORT, [{"r": 2, "3": 3, "4": 4}[compression[5] if compression[0] == "g" else "r"]]),
                          262: (SHORT, [photometric]), 266: (SHORT, [fill]), 278: (SHORT, [rows])}
                    if 292 in tags:
                        tt[292] = (LONG, [tags[292]])
                    put(f"fax {name}, {how}, photometric {photometric}, fill order {fill}", directory(tt, raw, "II", False, 273, 279))
    small = {258: (SHORT, [1]), 262: (SHORT, [0])}
    # Rows by hand: empty runs, which some writers code and count, and rows below that
    # refer to them; group 3 without end-of-line codes, and with zeros before them.
    code = {"w0": "00110101", "w2": "0111", "w4": "1011", "w12": "001000", "b0": "0000110111", "b2": "11", "b3": "10",
            "H": "001", "P": "0001", "V": "1", "EOL": "000000000001", "0": "0", "1": "1"}
    for name, compression, t4, height, codes in (
        ("empty runs, group 4", 4, 0, 4, "H w0 b0 H w2 b3 H w4 b2 V  P H w2 b3 H w4 b3 V  V V V V V  V V V V V  EOL EOL"),
        ("empty runs, group 3", 3, 1, 2, "EOL 1 w0 b0 w2 b3 w12  EOL 0 P H w2 b3 V  EOL 1"),
        ("no end of line", 3, 0, 3, "w2 b3 w12  w12 b3 w2  w4 b2 w4 b3 w4"),
        ("no end of line, 2-D", 3, 1, 3, "1 w2 b3 w12  0 V V V  1 w4 b2 w4 b3 w4"),
        ("filled ends of line", 3, 0, 3, "0 0 0 EOL w2 b3 w12  EOL w12 b3 w2  0 0 0 0 0 EOL w4 b2 w4 b3 w4 EOL EOL EOL EOL"),
    ):
        bits = "".join(code[c] for c in codes.split())
        raw = bytes(int(bits[i : i + 8].ljust(8, "0"), 2) for i in range(0, len(bits), 8))
        put(f"fax, {name}", directory(small | {256: (SHORT, [17]), 257: (SHORT, [height]), 259: (SHORT, [compression]), 292: (LONG, [t4])},
                                      [raw], "II", False, 273, 279))


def predictors():
    for name in ("gray 8", "rgb", "rgb and associated alpha", "gray 16", "rgb 16", "rgb 16 and alpha", "gray 32 signed", "cmyk", "palette 8"):
        photometric, n, bits, t, tags = KINDS[name]
        a = samples(n, bits, t)
        twin = write(a, bits, tags, photometric=photometric, compression=8)
        for order in ("II", "MM"):
            for planar in (1, 2) if n > 1 else (1,):
                for tile in (None, (16, 16)):
                    if tile and (planar == 2 or bits == 16):
                        continue
                    put(f"predictor 2, {name}, {order}, {planar}, {tile}",
                        write(a, bits, tags, order, photometric=photometric, compression=5, predictor=2, planar=planar, tile=tile), twin)
        # Without LZW and Deflate the tag means nothing.
        plain = write(a, bits, tags | {317: (SHORT, [2])}, photometric=photometric)
        put(f"predictor 2, {name}, not compressed", plain)
    a = samples(1, 32, "f")
    twin = write(a, 32, FORMAT(3), compression=8)
    for order in ("II", "MM"):
        for predictor in (2, 3):
            b = a.view(np.uint32) if predictor == 2 else a
            for tile in (None, (16, 16)):
                put(f"predictor {predictor}, float 32, {order}, {tile}",
                    write(b, 32, FORMAT(3), order, compression=8, predictor=predictor, tile=tile), twin)


def orientations():
    a = samples(3, 8)
    for o in range(10):
        for tile in (None, (16, 16)):
            put(f"orientation {o}, {tile}", write(a, 8, {274: (SHORT, [o])}, photometric=2, tile=tile, compression=8))
    bilevel = samples(1, 1)
    for o in (3, 6):
        put(f"orientation {o}, bilevel", write(bilevel, 1, {274: (SHORT, [o])}))
    xmp = b'<x:xmpmeta><rdf:Description tiff:Orientation="%d"/></x:xmpmeta>'
    put("orientation 6 in XMP", write(a, 8, {700: (1, xmp % 6)}, photometric=2))
    put("orientation 8 in XMP, an element", write(a, 8, {700: (7, b"<tiff:Orientation>8</tiff:Orientation>")}, photometric=2))
    put("orientation 9 in XMP", write(a, 8, {700: (1, xmp % 9)}, photometric=2))
    put("orientation 1, 6 in XMP", write(a, 8, {700: (1, xmp % 6), 274: (SHORT, [1])}, photometric=2))


def ycbcr():
    """Subsampled YCbCr: Pillow reads it when it is compressed."""
    for across, down in ((1, 1), (1, 2), (2, 1), (2, 2), (4, 1), (4, 2), (4, 4)):
        for name, more in (("", {}), (" with coefficients", {529: (RATIONAL, [rational(v) for v in (0.2125, 0.7154, 0.0721)])}),
                           (" with reference", {532: (RATIONAL, [rational(v) for v in (16, 235, 128, 240, 128, 240)])})):
            if name and (across, down) not in ((1, 1), (2, 2)):
                continue
            # Where the bytes of a row of units are no multiple of its rows, libtiff
            # loses the chroma of the last; 4 x 4 is thus tried with an even number.
            w = W + 4 if (across, down) == (4, 4) else W
            units = -(-H // down), -(-w // across)
            raw = rng.integers(0, 256, (*units, across * down + 2), dtype=np.uint8)
            rows = 4 * max(1, down // 2)
            tags = {256: (SHORT, [w]), 257: (SHORT, [H]), 258: (SHORT, [8, 8, 8]), 262: (SHORT, [6]), 277: (SHORT, [3]),
                    278: (SHORT, [rows]), 530: (SHORT, [across, down]), **more}
            chunks = [raw[y : y + rows // down].tobytes() for y in range(0, units[0], rows // down)]
            twin = directory(tags | {259: (SHORT, [5])}, [lzw(c) for c in chunks], "II", False, 273, 279)
            put(f"ycbcr {across} x {down}, lzw{name}", twin)
            if across * down > 1:
                put(f"ycbcr {across} x {down}, not compressed{name}", directory(tags | {259: (SHORT, [1])}, chunks, "MM", False, 273, 279), twin)
            else:
                put(f"ycbcr {across} x {down}, not compressed{name}", directory(tags | {259: (SHORT, [1])}, chunks, "MM", False, 273, 279))
    every = np.stack(np.meshgrid(np.arange(0, 256, 5), np.arange(0, 256, 5), [0, 77, 128, 200, 255], indexing="ij"), -1)
    every = every.astype(np.uint8).reshape(52, -1, 3)
    for compression in (1, 5):
        put(f"ycbcr, many colours, {compression}", write(every, 8, {530: (SHORT, [1, 1])}, photometric=6, compression=compression, rows=None))
    put("ycbcr, no word of subsampling", write(samples(3, 8), 8, photometric=6))


def odd():
    a = samples(3, 8)
    plain = write(a, 8, photometric=2)
    put("one value of bits for all", write(a, 8, {258: (SHORT, [8])}, photometric=2), plain)
    put("bits of more samples than there are", write(samples(1, 8), 8, {258: (SHORT, [8, 8, 8])}))
    put("no rows per strip", write(a, 8, photometric=2, rows=None))
    put("rows per strip of all ones", write(a, 8, {278: (LONG, [2**32 - 1])}, photometric=2, rows=None))
    put("no photometric interpretation", write(samples(1, 1), 1, {262: None}))
    put("tiles with the tags of strips", write(a, 8, photometric=2, tile=(16, 16), compression=8, strip_tags=True))
    put("a short palette", write(samples(1, 4), 4, {320: (SHORT, rng.integers(0, 65536, 3 * 9).tolist())}, photometric=3))
    put("unspecified samples in planes", write(samples(5, 8), 8, EXTRA(0, 0), photometric=2, planar=2, compression=8))
    second = bytearray(write(a, 8, photometric=2))
    at = struct.unpack("<L", second[4:8])[0]
    second[-4:] = struct.pack("<L", at)
    put("directories that go in a circle", bytes(second))
    put("one pixel", write(a[:1, :1], 8, photometric=2, rows=1))
    for name, offset in (("byte counts of zero", 0), ("byte counts too large", 10**9)):
        put(name, write(a, 8, {}, photometric=2, rows=H).replace(struct.pack("<HHLL", 279, 4, 1, a.size), struct.pack("<HHLL", 279, 4, 1, offset)), plain)


def jpegs():
    """JPEG, with tables of their own and apart; the names end in .jpg."""
    y, x = np.mgrid[:48, :64]
    rgb = np.stack([x * 4, y * 5, (x + y) * 2], -1).astype(np.uint8)
    rgb[20:30, 20:40] = [250, 20, 30]

    def jpeg(a, mode=None, **more):
        out = io.BytesIO()
        im = Image.fromarray(np.ascontiguousarray(a))
        (im.convert(mode) if mode else im).save(out, "JPEG", quality=90, **more)
        return out.getvalue()

    def file(photometric, n, streams, tables=None, tile=None, rows=16, planar=1, order="II"):
        tags = {256: (SHORT, [64]), 257: (SHORT, [48]), 258: (SHORT, [8] * n), 259: (SHORT, [7]), 262: (SHORT, [photometric]),
                277: (SHORT, [n]), 284: (SHORT, [planar])}
        tags |= {322: (SHORT, [tile]), 323: (SHORT, [tile])} if tile else {278: (SHORT, [rows])}
        if tables:
            tags[347] = (7, tables)
        return directory(tags, streams, order, False, 324 if tile else 273, 325 if tile else 279)

    strips = [rgb[i : i + 16] for i in range(0, 48, 16)]
    tiles = [np.pad(rgb, ((0, 16), (0, 0), (0, 0)), mode="edge")[i : i + 32, j : j + 32] for i in (0, 32) for j in (0, 32)]
    for name, subsampling in (("", 0), (" 2 x 1", 1), (" 2 x 2", 2)):
        put(f"ycbcr{name}.jpg", file(6, 3, [jpeg(s, subsampling=subsampling) for s in strips]), exactly=False)
        put(f"ycbcr{name}, tables, tiles.jpg",
            file(6, 3, [jpeg(s, subsampling=subsampling, streamtype=2) for s in tiles],
                 jpeg(rgb[:16], subsampling=subsampling, streamtype=1), tile=32, order="MM"), exactly=False)
    put("gray.jpg", file(1, 1, [jpeg(s[..., 0]) for s in strips]), exactly=False)
    put("gray, white is zero.jpg", file(0, 1, [jpeg(s[..., 0]) for s in strips]), exactly=False)
    put("rgb.jpg", file(2, 3, [jpeg(s, subsampling=0, keep_rgb=True) for s in strips]), exactly=False)
    put("rgb without its marker.jpg", file(2, 3, [jpeg(s, subsampling=0) for s in strips]), exactly=False)
    put("cmyk.jpg", file(5, 4, [jpeg(s, "CMYK") for s in strips]), exactly=False)
    put("rgb, planes.jpg", file(2, 3, [jpeg(rgb[..., i]) for i in range(3)], rows=48, planar=2), exactly=False)


for part in (kinds, compressions, fax, predictors, orientations, ycbcr, odd, jpegs):
    part()
tensors |= {
    "files": np.frombuffer(zlib.compress(b"".join(files), 9), np.uint8), "lengths": np.array(lengths, np.int64),
    "sizes": np.array(sizes, np.int64), "sha256": np.array(digests, np.uint8),
}
save("tiff.safetensors", tensors, {
    "names": json.dumps(names), "judged by twin": json.dumps(by_twin, indent=1),
    "libtiff": features.version("libtiff"), "libjpeg": features.version("jpg"),
})
print(len(names), "files,", len(by_twin), "judged by a twin")
for k, v in by_twin.items():
    print(f"  {k}: {v}")
