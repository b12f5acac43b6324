"""The table of image statistics: one row for each number that is measured of an image.

Each is a column of a table of images and a measurement of the same name: the mean over the images of a window. What
computes them is `lamplighter.images`; profiles, checks, gauges, boards and the reference page read the rows from here.
The last rows are the scores of CleanVision's presets, which are measured where a monitor names them.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class ImageStatistic:
    """What is known of a statistic before an image is looked at.

    Attributes
    ----------
    name : str
        The column and the measurement.
    help : str
        One line for people.
    unit : str
        ``luminance`` and ``share`` are between 0 and 1, ``tile`` is a name such as ``r1c3`` and no number.
    lower, upper : float or None
        What no value goes beyond; None where there is no such bound.
    better : {"higher", "lower", "neither"}
        Where the best value lies.
    source : str
        How it is computed, or by whose definition.
    preset : str
        CleanVision's name of the preset whose score it is; empty where it is measured of each image.

    Examples
    --------
    >>> row = IMAGE_STATISTICS["image_brightness"]
    >>> row.unit, row.lower, row.upper, row.is_number
    ('luminance', 0, 1, True)
    """

    name: str
    help: str
    unit: str
    lower: float | None
    upper: float | None
    better: Literal["higher", "lower", "neither"]
    source: str
    preset: str = ""

    @property
    def is_number(self) -> bool:
        """Whether it is a number; else it is a name, or null."""
        return self.unit != TILE


@dataclass(frozen=True, slots=True)
class Preset:
    """A kind of issue that CleanVision finds in single images.

    Attributes
    ----------
    name : str
        CleanVision's.
    threshold : float
        CleanVision's: an image with a lower score has the issue.
    help : str
        What is wrong with such an image.
    source : str
        How the score is computed.

    Examples
    --------
    >>> row = PRESETS["dark"]
    >>> row.score, row.ratio, row.threshold
    ('image_cleanvision_dark_score', 'image_cleanvision_dark_ratio', 0.32)
    """

    name: str
    threshold: float
    help: str
    source: str

    @property
    def score(self) -> str:
        """The statistic: a number between 0, the worst, and 1."""
        return f"image_cleanvision_{self.name}_score"

    @property
    def ratio(self) -> str:
        """The measurement: the share of the images that have the issue."""
        return f"image_cleanvision_{self.name}_ratio"


PRESETS: Mapping[str, Preset] = {
    row.name: row
    for row in (
        Preset(
            "dark", 0.32, "even the lightest pixels are dark",
            "99th percentile of sqrt(0.241 R^2 + 0.691 G^2 + 0.068 B^2) / 255",
        ),
        Preset(
            "light", 0.05, "even the darkest pixels are light",
            "1 - 5th percentile of sqrt(0.241 R^2 + 0.691 G^2 + 0.068 B^2) / 255",
        ),
        Preset(
            "odd_aspect_ratio", 0.35, "it is far wider than high, or far higher than wide",
            "min(width / height, height / width)",
        ),
        Preset(
            "low_information", 0.3, "it has few levels",
            "min(0.1 * entropy of the levels of all channels in bits, 1)",
        ),
        Preset(
            "blurry", 0.29, "edges are weak, and the levels of grey are many",
            "min(1 - exp(-0.01 * std of edges) + spread of levels, 1), at 64 pixels",
        ),
        Preset("grayscale", 1, "it has no colours", "0 where the channels are equal, else 1"),
    )
}  # fmt: skip
"""CleanVision's kinds of issues of single images, with its names and its thresholds."""

LUMINANCE, SHARE, TILE, PIXELS = "luminance", "share", "tile", "pixels"

PERCENTILES = (1, 5, 50, 95, 99)
"""The percentiles of luminance that are measured."""

_ROWS = (
    ImageStatistic(
        "image_brightness", "Mean luminance of the image.",
        LUMINANCE, 0, 1, "neither", "mean of Y = 0.299 R + 0.587 G + 0.114 B, over 255; ITU-R BT.601",
    ),
    *(
        ImageStatistic(
            f"image_luminance_p{percent:02d}", f"The luminance that {percent} % of the pixels do not exceed.",
            LUMINANCE, 0, 1, "neither", "quantile of Y by the inverted distribution; Hyndman and Fan 1996, type 1",
        )
        for percent in PERCENTILES
    ),
    ImageStatistic(
        "image_clipped_dark_ratio", "Share of pixels that are black, or nearly so.",
        SHARE, 0, 1, "lower", "share of pixels with Y at most 5 of 255",
    ),
    ImageStatistic(
        "image_clipped_light_ratio", "Share of pixels that are white, or nearly so.",
        SHARE, 0, 1, "lower", "share of pixels with Y at least 250 of 255",
    ),
    ImageStatistic(
        "image_contrast", "How much the luminance of the pixels differs.",
        LUMINANCE, 0, 0.5, "neither", "RMS contrast: standard deviation of Y; Peli 1990",
    ),
    ImageStatistic(
        "image_sharpness", "How sharp the edges are, whatever their contrast; undefined without edges.",
        "1 / pixels^2", 0, None, "higher",
        "sum of squared Laplacians / sum of squared gradients on edge pixels, both less what the noise gives",
    ),
    ImageStatistic(
        "image_texture", "How much fine detail there is; falls with contrast, and so with light.",
        "levels^2", 0, None, "neither", "variance of the Laplacian of Y in levels of 255; Pech-Pacheco et al. 2000",
    ),
    ImageStatistic(
        "image_noise", "Standard deviation of the noise of neighbouring pixels.",
        LUMINANCE, 0, 1, "lower", "sqrt(pi / 2) / 6 * mean |Y * N|, N the difference of two Laplacians; Immerkær 1996",
    ),
    ImageStatistic(
        "image_opaque_ratio", "Share of the 16 tiles in which nothing is seen: flat, or dark or white without edges.",
        SHARE, 0, 1, "lower", "tiles of 4 x 4 by their gradients and luminance; after Uricar et al. 2021 (WoodScape)",
    ),
    ImageStatistic(
        "image_transparent_ratio", "Share of the 16 tiles that are blurred beside the others at usual brightness.",
        SHARE, 0, 1, "lower", "tiles of 4 x 4 by their gradients and luminance; after Uricar et al. 2021 (WoodScape)",
    ),
    ImageStatistic(
        "image_occluded_tile", "The tile that is covered most, such as r1c3: row 1 from above, column 3 from the left.",
        TILE, None, None, "neither", "opaque before transparent, then the darkest, then the one with the least edges",
    ),
    ImageStatistic(
        "image_saturation", "How far the colours are from grey.",
        SHARE, 0, 1, "neither", "sum of (max - min) / sum of max, over the three channels of each pixel",
    ),
    ImageStatistic(
        "image_colour_cast", "How far the mean colour is from grey.",
        SHARE, 0, 1, "lower", "(max - min) / max of the mean R, G and B; the grey world of Buchsbaum 1980",
    ),
    ImageStatistic("image_width", "Width as the image is shown.", PIXELS, 1, None, "neither", "columns"),
    ImageStatistic("image_height", "Height as the image is shown.", PIXELS, 1, None, "neither", "rows"),
    ImageStatistic("image_aspect", "Width over height.", "ratio", 0, None, "neither", "width / height"),
    ImageStatistic(
        "image_crop_brightness", "Brightness of the objects: the median over the boxes of the image.",
        LUMINANCE, 0, 1, "neither", "image_brightness inside each box",
    ),
    ImageStatistic(
        "image_crop_contrast", "Contrast within the objects: the median over the boxes of the image.",
        LUMINANCE, 0, 0.5, "neither", "image_contrast inside each box",
    ),
    ImageStatistic(
        "image_crop_sharpness", "Sharpness of the objects: the median over the boxes of the image that have edges.",
        "1 / pixels^2", 0, None, "higher", "image_sharpness inside each box",
    ),
    ImageStatistic(
        "image_crop_noise", "Noise on the objects: the median over the boxes of the image.",
        LUMINANCE, 0, 1, "lower", "image_noise inside each box",
    ),
    *(
        ImageStatistic(
            row.score, f"The {row.name}_score of CleanVision; below {row.threshold:g} {row.help}.",
            "score", 0, 1, "higher", f"{row.source}; CleanVision 0.3", row.name,
        )
        for row in PRESETS.values()
    ),
)  # fmt: skip

IMAGE_STATISTICS: Mapping[str, ImageStatistic] = {row.name: row for row in _ROWS}


def measured_names(presets: Collection[str] = ()) -> list[str]:
    """The statistics that are measured where some of CleanVision's presets are asked for, in the order of the table.

    Examples
    --------
    >>> measured_names(["light", "dark"])[-2:], len(measured_names()) + len(PRESETS) == len(IMAGE_STATISTICS)
    (['image_cleanvision_dark_score', 'image_cleanvision_light_score'], True)
    """
    return [row.name for row in _ROWS if not row.preset or row.preset in presets]
