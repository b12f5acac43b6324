"""The panels of the images that a model sees."""

from __future__ import annotations

from dashboards.boards.model_queries import HIGHEST, LIMIT_LEGEND, LOWEST, OF_VALUES, measured, of_the_model
from dashboards.panels import Panel, Row
from dashboards.queries import SEGMENTS, PromQL
from lamplighter.core.records.image_statistics import PRESETS

WHOLE, PARTS = 'segment=""', 'segment!=""'


def by_segment(metric: str, around: str) -> tuple[PromQL, ...]:
    """The segments of a statistic at one end, with the limits of the checks on these.

    Examples
    --------
    >>> [query.legend for query in by_segment("image_brightness", LOWEST)]
    ['{{segment}}', 'limit of {{check}} ({{direction}})']
    """
    shown = measured(metric, "{{segment}}", around, PARTS, (SEGMENTS,))
    limits = of_the_model("lamplighter_threshold", f'metric="{metric}", {PARTS}, {OF_VALUES}')
    return shown, PromQL(f"{limits} and on (segment) {shown.text}", LIMIT_LEGEND, (metric, SEGMENTS))


def _shares() -> tuple[PromQL, ...]:
    named = {
        "image_dark_ratio": "dark",
        "image_blurred_ratio": "blurred",
        "image_occluded_ratio": "occluded",
        "images_unreadable_ratio": "unreadable",
        **{row.ratio: f"CleanVision: {row.name}" for row in PRESETS.values()},
    }
    return tuple(measured(metric, legend, where=WHOLE) for metric, legend in named.items())


IMAGES = Row(
    70,
    "Images",
    (
        Panel(
            71,
            "Light of the images",
            "Mean over the images of the window: of their brightness, and of what 5 and 95 of 100 pixels stay below.",
            "percentunit",
            (
                measured("image_luminance_p95", "95 % of the pixels", where=WHOLE),
                measured("image_brightness", "mean", where=WHOLE),
                measured("image_luminance_p05", "5 % of the pixels", where=WHOLE),
            ),
        ),
        Panel(
            72,
            "Brightness by segment",
            "Such as camera, hour or light; the {largest} darkest. Dashed lines are limits of checks.",
            "percentunit",
            by_segment("image_brightness", LOWEST),
        ),
        Panel(
            73,
            "Poor images",
            "Share of the images that are dark, blurred, partly covered, unreadable, or by CleanVision's presets poor.",
            "percentunit",
            _shares(),
        ),
        Panel(
            74,
            "Occluded images by segment",
            "Share of the images that are covered by a quarter; the {largest} highest. Dashed lines are limits.",
            "percentunit",
            by_segment("image_occluded_ratio", HIGHEST),
        ),
    ),
)
