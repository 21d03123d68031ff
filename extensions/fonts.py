"""Cut fonts down to the characters that the pages show."""

import io
import logging
from pathlib import Path

from fontTools import subset
from fontTools.ttLib import TTFont

logging.getLogger("fontTools").setLevel(logging.WARNING)


def subset_of(source: Path, codes: set[int]) -> bytes:
    """Return a font with these characters only, compressed for the web."""
    font, file = TTFont(source, recalcTimestamp=False), io.BytesIO()
    options = subset.Options(flavor="woff2", notdef_outline=True)
    options.drop_tables += ["FFTM"]  # the font editor's time stamp
    subsetter = subset.Subsetter(options)
    subsetter.populate(unicodes=codes)
    subsetter.subset(font)
    subset.save_font(font, file, options)
    return file.getvalue()
