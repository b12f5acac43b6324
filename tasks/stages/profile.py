"""Profile: every feature and answer column is decoded once, here."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import compress

from lamplighter.core.evaluation.box_faults import merged, side_faults
from lamplighter.core.evaluation.box_measurements import box_measurements
from lamplighter.core.evaluation.data import answer_measurements, feature_measurements, value_findings
from lamplighter.core.monitor import Monitor
from lamplighter.core.monitor.columns import is_of_image
from lamplighter.core.monitor.images import BRIGHTNESS
from lamplighter.core.monitor.of_boxes import MADE_OF_BOXES
from lamplighter.core.profiles.break_rules import FEWEST_WINDOWS
from lamplighter.core.profiles.breaks import Baseline, breaks_of, score_breaks
from lamplighter.core.profiles.profile import Bounds, ColumnKind, ColumnProfile
from lamplighter.core.records.finding import Code, Finding
from lamplighter.core.records.measurement import Measurement
from lamplighter.core.time.phases import FEWEST_BEFORE
from lamplighter.core.values.boxes import Boxes
from storage.history.baselines import BaselineWindows, Past
from storage.profiles.build import Profiles, nulls_profile, profile_columns
from storage.profiles.store import ProfileStore
from storage.project.private_key import home_key
from storage.sources.box_columns import BoxColumns
from storage.sources.boxes import packed_boxes
from storage.sources.reference import reference_key
from storage.sources.scan import Scan, ScanSpec
from tasks.stages.images import measure_images
from tasks.stages.read import Located
from tasks.stages.run_context import RunContext
from tasks.stages.validate import Table

KIND_WORDS = {"numeric": "numbers", "categorical": "categories"}


@dataclass(frozen=True)
class Profiled:
    """What a window's columns look like, beside the reference's.

    Attributes
    ----------
    profiles : dict of str to ColumnProfile
        They merge with those of other windows, and are what drift of all rows is computed from.
    content_hash : str
        Under which the store keeps them.
    measurements : list of Measurement
    findings : list of Finding
    """

    profiles: Profiles
    content_hash: str
    measurements: list[Measurement]
    findings: list[Finding]


def profile(context: RunContext, located: Located, table: Table) -> Profiled:
    """Profile a window and hold it against the reference's profile.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> from tasks.stages.validate import validate
    >>> located = read(context)
    >>> profiled = profile(context, located, validate(context, located, located.windows[0]))
    >>> [(it.metric, it.feature, it.value) for it in profiled.measurements if it.metric == "outside_ratio"]
    [('outside_ratio', 'amount', 0.7833)]
    """
    monitor = context.monitor
    reference = reference_profiles(context, located, table.features | table.answers)
    kinds = table.features | table.answers
    if monitor.predictions.version:
        kinds[monitor.predictions.version] = "categorical"
    profiles, broken = profile_columns(
        context.scan(table.spec),
        kinds,
        bounds=_bounds(context, reference),
        probabilities=_probabilities(monitor),
        private=monitor.private,
        key=key_of(context),
    )
    seen = answered(monitor, context.scan(table.spec)) | profiles
    measurements = [*answer_measurements(monitor, seen, table.count)]
    boxes = boxes_answered(monitor, context.scan(table.spec))
    measurements += box_measurements_of(monitor, boxes)
    for name in table.features:
        if name in profiles:
            measurements += feature_measurements(profiles[name], reference.get(name))
    of_images, image_findings = measure_images(context, table.spec)
    measurements += of_images
    named = {finding.subject for finding in table.findings}
    findings = [_of_another_type(name, held, kinds[name]) for name, held in broken.items() if name not in named]
    # Of images it is said which files are not there, and not of each statistic that it has no value; a day without a
    # detection is none either.
    made = {name for name in seen if is_of_image(monitor, name)} | MADE_OF_BOXES.keys()
    findings += value_findings({name: it for name, it in seen.items() if name not in made})
    # What the profile says of a type it says in the words of every feature.
    typed = {finding.subject for finding in (*table.findings, *findings) if finding.code is Code.TYPE_CHANGED}
    findings += [it for it in image_findings if it.code is not Code.TYPE_CHANGED or it.subject not in typed]
    findings += _box_findings(monitor, boxes)
    known = {finding.subject for finding in (*table.findings, *findings)}
    broken_features, broken_scores = _breaks(context, table, profiles)
    findings += [found for found in broken_features if not found.subject or found.subject not in known]
    findings += broken_scores
    content_hash = ProfileStore(context.project.home).save(profiles)
    return Profiled(profiles, content_hash, measurements, findings)


def _probabilities(monitor: Monitor) -> Sequence[str]:
    """The columns that hold probabilities."""
    return monitor.predictions.scores if monitor.kind.has_classes else ()


def answered(monitor: Monitor, rows: Scan) -> Profiles:
    """Of lists and texts, which have no drift that could be measured, whether there is an answer at all.

    Examples
    --------
    >>> answered(monitor, context.scan(outcome.own.pending.spec))
    {}
    """
    name = monitor.predictions.prediction
    if name is None or monitor.kind.drift is not None or name not in rows.schema or not rows.count:
        return {}
    return {name: nulls_profile(rows, name)}


def boxes_answered(monitor: Monitor, rows: Scan) -> Boxes | None:
    """The boxes that a detector answered; None of other kinds, and where a column is missing.

    Examples
    --------
    >>> boxes_answered(monitor, context.scan(outcome.own.pending.spec))
    """
    columns = monitor.predictions.boxes
    if not columns or any(name not in rows.schema for name in columns):
        return None
    return Boxes.of(packed_boxes(rows, BoxColumns.of(monitor.predictions)))


def box_measurements_of(monitor: Monitor, boxes: Boxes | None) -> list[Measurement]:
    """What boxes come to by themselves.

    Examples
    --------
    >>> box_measurements_of(monitor, None)
    []
    """
    confidence = monitor.predictions.confidence
    return [] if boxes is None or confidence is None else [*box_measurements(boxes, confidence)]


def _box_findings(monitor: Monitor, boxes: Boxes | None) -> Iterator[Finding]:
    """What is odd about the boxes of the log."""
    columns = [*monitor.predictions.boxes]
    for code, message in merged(side_faults(boxes, columns, frozenset(monitor.private))) if boxes else ():
        yield Finding(code, columns[0], message)


def _breaks(context: RunContext, table: Table, profiles: Profiles) -> tuple[Iterator[Finding], Iterator[Finding]]:
    """What broke in the features and in the scores, against the sound windows before.

    Of private columns counts and hashes are kept.
    """
    store, window, private = ProfileStore(context.project.home), table.spec.window, context.monitor.private
    features = {name: profiles[name] for name in table.features if name in profiles}
    known = Past.of(context.history, window, context.known_on)
    fewest = FEWEST_BEFORE.get(window.grain, FEWEST_WINDOWS)

    def past(content_hash: str) -> Profiles:
        return context.profiles.of(store, content_hash)

    def kept(hashes: Iterable[str], name: str) -> list[ColumnProfile]:
        found = (past(content_hash).get(name) for content_hash in hashes)
        return [profile for profile in found if profile]

    def baseline(name: str, it: BaselineWindows) -> Baseline:
        # Of a profile that is lost the phase goes too.
        held = [bool(past(content_hash).get(name)) for content_hash in (*it.past, *it.older)]
        phases, since = [*compress(it.phases, held)], context.label_of(it.since)
        return Baseline(kept(it.past, name), kept(it.older, name), it.open_codes, since, fewest, phases, it.phase)

    scores = {name: profiles[name] for name in _probabilities(context.monitor) if name in profiles}
    # A statistic has no unit that could change: what it shows is what the camera saw, which is drift and no break.
    compared = [name for name in (*features, *scores) if not is_of_image(context.monitor, name)]
    baselines = {name: baseline(name, known.of_column(name)) for name in compared}
    recent = [
        {name: profile for name, profile in found.items() if name in features}
        for content_hash in known.recent()
        if (found := past(content_hash))
    ]

    def same_phase(name: str) -> list[list[ColumnProfile]]:
        return [kept(hashes, name) for hashes in known.of_phases(name)]

    return breaks_of(features, recent, baselines, private, same_phase), score_breaks(scores, baselines)


def _of_another_type(name: str, held: str, kind: ColumnKind) -> Finding:
    message = f"column {name!r} holds {held}, not {KIND_WORDS[kind]}; restore its type"
    return Finding(Code.TYPE_CHANGED, name, message)


def _bounds(context: RunContext, reference: Profiles) -> dict[str, Bounds | None]:
    return {name: profile.as_bounds() for name, profile in reference.items()} | _unsure(context.monitor)


def _unsure(monitor: Monitor) -> dict[str, Bounds | None]:
    """The band of scores that count as unsure, by the column of the score."""
    predictions = monitor.predictions
    if not predictions.unsure or not isinstance(predictions.score, str):
        return {}
    return {predictions.score: Bounds(*predictions.unsure, None, None)}


def key_of(context: RunContext) -> bytes:
    """The key that private values are hashed with; made only where something is private."""
    return home_key(context.project.home) if context.monitor.private else b""


def reference_profiles(context: RunContext, located: Located, kinds: dict[str, ColumnKind]) -> Profiles:
    """The profiles of the reference, and of the monitor's own for columns that the champion's lacks.

    Examples
    --------
    >>> from tasks.stages.read import read
    >>> {name: it.rows for name, it in reference_profiles(context, read(context), {"plan": "categorical"}).items()}
    {'amount': 900, 'plan': 900, 'churns': 900, 'probability': 900}
    """
    found: Profiles = {}
    for where in dict.fromkeys((located.reference, located.monitor_reference)):
        if where is not None and not kinds.keys() <= found.keys():
            found = _profiles_of(context, where, kinds) | found
    return found


def _profiles_of(context: RunContext, where: ScanSpec, kinds: dict[str, ColumnKind]) -> Profiles:
    monitor, store, key = context.monitor, ProfileStore(context.project.home), key_of(context)
    rows = context.scan(where)
    name = reference_key(rows, monitor, key)
    profiles = store.cached(name)
    if profiles is None:
        profiles, _ = profile_columns(rows, kinds, bounds=_unsure(monitor), private=monitor.private, key=key)
        brightness = profiles.get(BRIGHTNESS)
        # Images of a reference that are not there yet are looked for again.
        if brightness is None or brightness.nulls < brightness.rows:
            store.cache(name, profiles)
    return profiles
