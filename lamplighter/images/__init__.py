"""Statistics of images: how bright, sharp, noisy and covered they are, and the objects on them.

`measure` takes a decoded image and `measure_bytes` a file in memory, as a service has them; `measure_files` takes many
files on all cores. `lamplighter.core.records.image_statistics` says what each statistic is. OpenCV is an extra
(``lamplighter[images]``) and is imported when the first image is looked at.
"""

from lamplighter.images.faults import ImageFault
from lamplighter.images.files import measure_files
from lamplighter.images.measuring import measure, measure_bytes

__all__ = ["ImageFault", "measure", "measure_bytes", "measure_files"]
