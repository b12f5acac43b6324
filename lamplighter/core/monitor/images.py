"""Where the images are that a model saw, and which columns a run makes of them."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import BeforeValidator, Field, model_validator

from lamplighter.core.monitor.fields import Flag, Name, Section, fault, listed
from lamplighter.core.records.image_statistics import IMAGE_STATISTICS, measured_names

FAULT, REASON, HOUR, LIGHT = "image_fault", "image_fault_reason", "image_hour", "image_light"
"""Columns that a run makes beside the statistics: what is wrong with a file, by name and as a sentence, the local hour,
and how light it was."""

BRIGHTNESS = "image_brightness"
"""The statistic that each readable image has, and by which `image_light` tells dark images from bright ones."""

TILE = "image_occluded_tile"
"""The one statistic that is a name: of the tile that is covered most."""

SEGMENTS = (HOUR, LIGHT)
"""Those that a monitor may name as segments though no service logs them."""

MADE_OF_IMAGES = "a run makes it of images; add the section images, such as images: {path: COLUMN}, or log it"
"""What is said of those segments where a monitor has no images."""

CROPS = "image_crop_"
"""What the names of statistics of the objects in an image begin with."""

NUMERIC = tuple(name for name, statistic in IMAGE_STATISTICS.items() if statistic.is_number)
"""Statistics that are numbers."""

PresetName = Literal["dark", "light", "odd_aspect_ratio", "low_information", "blurry", "grayscale"]
"""Those of `PRESETS`; a test compares both."""

DARK, DIM = 0.15, 0.3
"""Mean luminance below which an image counts as dark, and as dim: a lit street in the dark lies below the first, a
twilight below the second. They name segments; no check fails by them."""


def light_of(brightness: float | None) -> str | None:
    """How light an image is, by its mean luminance.

    Examples
    --------
    >>> [light_of(value) for value in (0.5, 0.2, 0.1, None)]
    ['bright', 'dim', 'dark', None]
    """
    if brightness is None or not math.isfinite(brightness):
        return None
    return "dark" if brightness < DARK else "dim" if brightness < DIM else "bright"


LOG_SCORES = "leave cleanvision out and log the columns image_cleanvision_*_score in the service"


class Images(Section):
    """The images that a model saw."""

    path: Name | None = Field(
        default=None,
        description="column of the file's path; without it, those columns `image_*` count that the service logged",
    )
    folder: str = Field(default="", max_length=1000, description="folder of the files; by default the project's")
    crops: Flag = Field(default=False, description="the objects in an image are measured as well, by their boxes")
    cleanvision: Annotated[tuple[PresetName, ...], BeforeValidator(listed)] = Field(
        default=(), description="issues of CleanVision that images are judged by, such as dark and blurry"
    )

    @model_validator(mode="after")
    def _local(self) -> Images:
        if "://" in self.folder:
            what = f"{self.folder!r} is no folder of this machine, where the files are measured"
            raise fault(f"{what}; mount it, or log the columns image_* in the service", "folder")
        if self.path is None:
            for key, cure in (("folder", ""), ("crops", ""), ("cleanvision", f", or {LOG_SCORES}")):
                if getattr(self, key):
                    raise fault(f"no file is measured without its path; name its column as path{cure}", key)
        return self

    @property
    def measured(self) -> tuple[str, ...]:
        """Statistics that a run measures where the service did not log them; none without a path.

        Examples
        --------
        >>> Images().measured, "image_brightness" in Images(path="image_path").measured
        ((), True)
        """
        if self.path is None:
            return ()
        names = measured_names(self.cleanvision)
        return tuple(name for name in NUMERIC if name in names and (self.crops or not name.startswith(CROPS)))

    @property
    def made(self) -> frozenset[str]:
        """Columns that a run makes, so that they need not stand in a table.

        Examples
        --------
        >>> sorted(Images().made)
        ['image_hour', 'image_light']
        """
        return frozenset(SEGMENTS if self.path is None else (*self.measured, TILE, FAULT, REASON, *SEGMENTS))
