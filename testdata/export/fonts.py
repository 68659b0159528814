"""Goldens of render's fonts: small fonts of boxes with outlines of both kinds, and
lines of right-to-left scripts in the order that python-bidi shows them in."""

import importlib.metadata
import json
import pathlib

import numpy as np
from bidi import get_display
from fontTools.fontBuilder import FontBuilder
from fontTools.misc.psCharStrings import T2CharString
from fontTools.pens.t2CharStringPen import T2CharStringPen
from fontTools.pens.ttGlyphPen import TTGlyphPen
from fontTools.ttLib import TTCollection, TTFont

from gen import uniform

OUT = pathlib.Path(__file__).resolve().parent.parent / "golden" / "fonts"
UPEM = 1000

# Boxes as x0, y0, x1, y1 in units of an em of 1000, with the advance. The A is what
# the Go font has too; the lens has curves.
BOXES = {
    "A": ("A", 0, 0, 1000, 1000, 1000),
    "cat": ("猫", 100, -100, 900, 800, 1000),
    "alef": ("א", 50, 0, 450, 500, 500),
    "bet": ("ב", 50, 0, 250, 500, 300),
    "gimel": ("ג", 50, 0, 650, 500, 700),
    "huge": ("龘", 0, 0, 9000, 800, 1000),
    "lens": ("🔬", 0, 0, 800, 800, 900),
    "tall": ("ཀ", 0, -300, 500, 1200, 600),
}


def draw(pen, name, box):
    _, x0, y0, x1, y1, _ = box
    if name == "lens":  # a diamond whose sides are parabolas through its corners
        m = (x0 + x1) // 2
        pen.moveTo((m, y0))
        for corner, end in [((x0, y0), (x0, m)), ((x0, y1), (m, y1)), ((x1, y1), (x1, m)), ((x1, y0), (m, y0))]:
            pen.qCurveTo(corner, end)
    else:
        pen.moveTo((x0, y0))
        for at in [(x0, y1), (x1, y1), (x1, y0)]:
            pen.lineTo(at)
    pen.closePath()


def build(names, cff):
    order = [".notdef"] + names
    fb = FontBuilder(UPEM, isTTF=not cff)
    fb.setupGlyphOrder(order)
    fb.setupCharacterMap({ord(BOXES[n][0]): n for n in names})
    glyphs = {}
    for name in order:
        pen = T2CharStringPen(0, None) if cff else TTGlyphPen(None)
        if name != ".notdef":
            draw(pen, name, BOXES[name])
        glyphs[name] = pen.getCharString() if cff else pen.glyph()
    if cff:
        fb.setupCFF("Boxes", {"FullName": "Boxes"}, glyphs, {})
    else:
        fb.setupGlyf(glyphs)
    fb.setupHorizontalMetrics({n: (BOXES[n][5] if n in BOXES else 500, 0) for n in order})
    fb.setupHorizontalHeader(ascent=1200, descent=-300)
    fb.setupNameTable({"familyName": "Boxes", "styleName": "Regular"})
    fb.setupOS2(sTypoAscender=1200, sTypoDescender=-300, usWinAscent=1200, usWinDescent=300)
    fb.setupPost(keepGlyphNames=False)
    fb.font["head"].created = fb.font["head"].modified = 0
    fb.font.recalcTimestamp = False
    return fb.font


def bomb():
    """An OTF whose glyph for 猫 calls subroutines of subroutines, 40 to the 8 times."""
    font = build(["A", "cat"], True)
    font.recalcBBoxes = False  # or it would follow them all
    cff = font["CFF "].cff
    for level in range(8):  # the last draws; subroutine i has the number i - 107
        program = [1, "hlineto"] * 40 if level == 7 else [level + 1 - 107, "callgsubr"] * 40
        cff.GlobalSubrs.append(T2CharString(program=program + ["return"]))
    charstring = cff[0].CharStrings["cat"]
    charstring.globalSubrs = cff.GlobalSubrs
    charstring.setProgram([100, 100, "rmoveto", -107, "callgsubr", "endchar"])
    return font


def lines():
    """Random lines of an alphabet of all classes that matter, and some words."""
    alphabet = list("אבגدرزabc123٤٥  ..,,:/-+%$()[]!?")
    out = [
        "חתול", "cat חתול", "חתול cat", "חתול 12", "12 חתול", "חתול (12)", "קטן cat גדול", "سيارة", "car سيارة 3", "سيارة 3.5%", "a.ב.c",
        "ל-5 ק\"מ", "٣٤ سيارة", "(א)", "א(b)ג", "x חתול, כלב y", "$5 שקל", "5$ שקל", "ش5$", "א ٤+٥", "ב ٤-٥", "ג ٤/٥", "ד 4+5",
    ]
    for i in range(600):
        u = uniform(f"bidi {i}", 13, 1.0).astype(np.float64)
        n = 1 + int((u[0] + 1) / 2 * 12)
        out.append("".join(alphabet[int((v + 1) / 2 * len(alphabet)) % len(alphabet)] for v in u[1:1 + n]))
    return out


def main():
    OUT.mkdir(exist_ok=True)
    build(list(BOXES), False).save(OUT / "boxes.ttf")
    build(list(BOXES), True).save(OUT / "boxes.otf")
    bomb().save(OUT / "bomb.otf")
    both = TTCollection()
    for i, names in enumerate([["A", "cat"], ["alef", "bet", "gimel"]]):
        part = OUT / f"part{i}.ttf"
        build(names, False).save(part)
        both.fonts.append(TTFont(part, recalcTimestamp=False))
    both.save(OUT / "boxes.ttc")
    for i in range(2):
        (OUT / f"part{i}.ttf").unlink()
    golden = {
        "versions": {p: importlib.metadata.version(p) for p in ("fonttools", "python-bidi")},
        "boxes": {b[0]: b[1:] for b in BOXES.values()},
        "lines": [[s, get_display(s)] for s in lines()],
    }
    (OUT / "fonts.json").write_text(json.dumps(golden, ensure_ascii=False, indent=0) + "\n")


if __name__ == "__main__":
    main()
