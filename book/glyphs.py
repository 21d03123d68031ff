"""Images of letters and signs, as many classes as are asked for, drawn from Matplotlib's fonts.

A class is a character; an image is that character in one of several fonts, turned, sheared, scaled,
shifted, and under noise. Nothing is downloaded, and a seed gives the same images again.
"""

from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
from matplotlib.ft2font import FT2Font, LoadFlags
from scipy.ndimage import uniform_filter

from fa_lib import _checks

# Pairs that a scale or a turn would make one, such as c and C, O and 0, 6 and 9, are left out.
CHARACTERS = (
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghijkmnqrty23456789"
    "ΓΔΘΛΞΠΣΦΨΩαβδεζηθλμξπρσφχψωБДЖИЛЦЧШЩЪЫЭЮЯ&@#$%?!+=<>{}[]()*~"
)
FONTS = (
    "DejaVuSans",
    "DejaVuSans-Bold",
    "DejaVuSans-Oblique",
    "DejaVuSansMono",
    "DejaVuSerif",
    "DejaVuSerif-Bold",
    "STIXGeneral",
    "STIXGeneralBol",
    "STIXGeneralItalic",
)
CANVAS = 80  # pixels of the drawings from which images are sampled, in each direction
EM = 58  # the nominal height of a font there


@cache
def drawings() -> np.ndarray:
    """Return each character in each font: (characters, fonts, CANVAS, CANVAS), from 0 to 1.

    Each is centred by its box, and blurred to the width of a pixel of the images, 5 of its own.
    """
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    sheets = np.zeros((len(CHARACTERS), len(FONTS), CANVAS, CANVAS))
    for column, name in enumerate(FONTS):
        font = FT2Font(str(folder / f"{name}.ttf"))
        font.set_size(EM, 72)
        for row, character in enumerate(CHARACTERS):
            font.set_text(character, 0, flags=LoadFlags.NO_HINTING)
            font.draw_glyphs_to_bitmap(antialiased=True)
            ink = np.asarray(font.get_image()) / 255
            high, wide = ink.shape
            top, left = (CANVAS - high) // 2, (CANVAS - wide) // 2
            sheets[row, column, top : top + high, left : left + wide] = ink
    blurred: np.ndarray = uniform_filter(sheets, size=(1, 1, 5, 5))
    blurred.flags.writeable = False  # the cache hands out the same array
    return blurred


def glyphs(
    labels: np.ndarray,
    *,
    rng: np.random.Generator,
    pixels: int = 16,
    turn: float = 8.0,
    shear: float = 0.1,
    zoom: float = 0.1,
    shift: float = 1.0,
    noise: float = 0.15,
) -> np.ndarray:
    """Draw an image of each character, as a row of pixels.

    Parameters
    ----------
    labels : array (N,) of int
        Places in `CHARACTERS`.
    rng : numpy.random.Generator
        Draws the font and the distortion of each image, and its noise.
    pixels : int
        In each direction.
    turn, shear, zoom, shift : number
        The most by which an image is turned (degrees), sheared (a slope), scaled (a power of e)
        and shifted (its own pixels, in each direction); each is uniform between this and less this.
    noise : number
        The standard deviation of what is added to each pixel; ink is 1, paper 0.

    Returns
    -------
    array (N, pixels * pixels)

    Raises
    ------
    ValueError
        If a label is no place in `CHARACTERS`, a size is negative, or there are no pixels.

    Examples
    --------
    >>> glyphs(np.array([0, 1, 109]), rng=np.random.default_rng(0)).shape
    (3, 256)
    """
    labels = np.asarray(labels)
    most = len(CHARACTERS) - 1
    whole = labels.ndim == 1 and np.issubdtype(labels.dtype, np.integer)
    if not whole or not labels.size or labels.min() < 0 or labels.max() > most:
        came = f"shape {labels.shape} of {labels.dtype}"
        if whole and labels.size:
            came = f"from {labels.min()} to {labels.max()}"
        _checks.refuse("labels", came, f"whole numbers (N,) from 0 to {most}")
    _checks.kind("rng", rng, np.random.Generator)
    _checks.count("pixels", pixels)
    sizes = {"turn": turn, "shear": shear, "zoom": zoom, "shift": shift}
    for name, size in (sizes | {"noise": noise}).items():
        _checks.scale(name, size, ())

    count = len(labels)
    sheets = drawings()[labels, rng.integers(len(FONTS), size=count)]

    def within(most: float, *axes: int) -> np.ndarray:
        return rng.uniform(-most, most, (count, *axes))

    angle, slope, size = (
        np.radians(within(turn)),
        within(shear),
        np.exp(within(zoom)),
    )
    moved = within(shift, 2)
    cosine, sine = np.cos(angle) / size, np.sin(angle) / size
    # From a pixel of the image to a place of the drawing: rows first, then columns.
    maps = np.stack(
        [cosine, -sine, sine + slope * cosine, cosine - slope * sine], -1
    )
    grid = np.arange(pixels) - (pixels - 1) / 2
    places = np.stack(np.meshgrid(grid, grid, indexing="ij"), -1).reshape(
        -1, 2
    )
    apart = CANVAS / pixels  # of a pixel's neighbours, on the drawing
    there = (places - moved[:, None, :]) @ maps.reshape(count, 2, 2).mT * apart
    ink = _between(sheets, there + (CANVAS - 1) / 2)
    return ink + noise * rng.standard_normal(ink.shape)


def _between(sheets: np.ndarray, places: np.ndarray) -> np.ndarray:
    """Read images (N, H, H) at places (N, P, 2) by bilinear interpolation; 0 outside of them."""
    padded = np.pad(sheets, [(0, 0), (1, 1), (1, 1)])
    places = np.clip(places + 1, 0, padded.shape[-1] - 1.001)
    low = places.astype(int)
    above, left = (1 - (places - low)).transpose(2, 0, 1)
    row, column = low.transpose(2, 0, 1)
    number = np.arange(len(sheets))[:, None]
    read: np.ndarray = (
        above * left * padded[number, row, column]
        + above * (1 - left) * padded[number, row, column + 1]
        + (1 - above) * left * padded[number, row + 1, column]
        + (1 - above) * (1 - left) * padded[number, row + 1, column + 1]
    )
    return read
