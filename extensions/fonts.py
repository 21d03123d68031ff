"""Cut fonts down to the characters that the pages show."""

import io
import logging
from functools import partial
from importlib.metadata import version
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

from kept import kept

logging.getLogger("fontTools").setLevel(logging.WARNING)


def write_subset(source: Path, target: Path, codes: set[int], memory: Path) -> None:
    """Write a font with these characters only, compressed for the web; keep it in ``memory``."""
    key = (source.read_bytes(), str(sorted(codes)), version("fonttools"))
    font = kept(memory / target.name, partial(subset_of, source, codes), *key)
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(font)


def subset_of(source: Path, codes: set[int]) -> bytes:
    """Return a font with these characters only."""
    font, file = TTFont(source, recalcTimestamp=False), io.BytesIO()
    options = subset.Options(flavor="woff2", notdef_outline=True)
    options.drop_tables += ["FFTM"]  # the font editor's time stamp
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, file, options)
    return file.getvalue()
