"""All pages of a schedule as files: a pure function of the schedule, its history of changes and the base address."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from examcal.feed.addresses import NOTES
from examcal.feed.calendar import feed_path, milestone_path
from examcal.identity import content_digest
from examcal.pages import atom, kit, links, listing
from examcal.pages.entries import entries_of, latest_moves, milestones_for
from examcal.pages.history import PublishedChange
from examcal.pages.links import Layout, Origin, relative
from examcal.pages.poster import fit
from examcal.pages.subscribe import panel
from examcal.pages.timeline import draw
from examcal.pages.words import Words
from examcal.schedule.model import Exam, Kind, Schedule, Text
from examcal.texts import LANGUAGES

ASSETS = ("examcal.css", "examcal.js", "favicon.svg", "icon.png")
MailForm = Callable[[Exam | None, str, str, str | None, str | None], Markup]
"""Makes the form for reminders by e-mail: exam (None: all), language, where it posts to, site, track."""
ROBOTS = b"User-agent: *\nAllow: /\n"


@lru_cache(maxsize=1)
def _templates() -> Environment:
    environment = Environment(
        loader=PackageLoader("examcal.pages", "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        keep_trailing_newline=True,
    )
    environment.globals.update(web_url=links.web_url, phone_url=links.phone_url, mail_url=links.mail_url)
    return environment


@lru_cache(maxsize=1)
def _assets() -> Mapping[str, bytes]:
    folder = files("examcal.pages") / "static"
    return {name: (folder / name).read_bytes() for name in (*ASSETS, "favicon.ico")}


@lru_cache(maxsize=1)
def _asset_version() -> str:
    return content_digest(*(part for name, octets in sorted(_assets().items()) for part in (name, octets)))[:8]


@dataclass(frozen=True, slots=True)
class _Site:
    """What all pages of one language share."""

    schedule: Schedule
    origin: Origin
    changes: Sequence[PublishedChange]
    moves: Mapping[str, PublishedChange]
    layouts: Mapping[str, Layout]
    words: Words
    mail_form: MailForm | None = None
    layout: Layout = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "layout", self.layouts[self.words.language])

    def page(self, template: str, path: str, twins: Mapping[str, str], **values: object) -> bytes:
        """Return a page's bytes; ``twins`` are the paths of the same page by language."""
        return (
            _templates()
            .get_template(template)
            .render(
                t=self.words.t,
                words=self.words,
                said=self.words.said,
                notes=NOTES,
                site_layout=self.layout,
                origin=self.origin,
                path=path,
                twins=twins,
                version=_asset_version(),
                to=lambda target: relative(path, target),
                asset=lambda name: f"{relative(path, 'assets/' + name)}?v={_asset_version()}",
                **values,
            )
            .encode()
        )

    def mail(self, path: str, exam: Exam | None, place: str | None = None, track: str | None = None) -> Markup | None:
        """Return the form of the page at ``path``, or None where nobody can subscribe by e-mail."""
        if self.mail_form is None:
            return None
        return self.mail_form(exam, self.words.language, relative(path, "subscribe"), place, track)

    def twins(self, of: str, *arguments: str | None) -> dict[str, str]:
        """Return the paths in all languages of the page that the layout's method ``of`` names."""
        return {language: getattr(layout, of)(*arguments) for language, layout in self.layouts.items()}


def render(
    schedule: Schedule,
    *,
    base_url: str | None = None,
    changes: Sequence[PublishedChange] = (),
    languages: Sequence[str] = LANGUAGES,
    mail_form: MailForm | None = None,
) -> dict[str, bytes]:
    """Return every page and asset as path → bytes: the same bytes for the same arguments.

    The schedule's own language is at the root, every other one of ``languages`` below its tag. ``base_url`` is where
    the edition is served; without it pages offer no subscription addresses and no QR codes, because a relative address
    is none that a calendar program could use. ``changes`` are all changes ever published, in any order.
    ``mail_form`` makes the form for reminders by e-mail, where the server that answers it runs.
    """
    order = [schedule.language, *(language for language in languages if language != schedule.language)]
    layouts = {language: Layout(language, default=language == order[0]) for language in order}
    origin = Origin(links.web_url(base_url))
    newest_first = sorted(changes, key=lambda change: (change.published_at, change.key), reverse=True)
    moves = latest_moves(changes)
    result: dict[str, bytes] = {f"assets/{name}": octets for name, octets in _assets().items() if name in ASSETS}
    result["favicon.ico"] = _assets()["favicon.ico"]
    result["robots.txt"] = ROBOTS
    result["schedule.json"] = listing.schedule_json(schedule, origin)
    for language in order:
        site = _Site(schedule, origin, newest_first, moves, layouts, Words(language), mail_form)
        result.update(_pages(site))
    return result


def _pages(site: _Site) -> Iterator[tuple[str, bytes]]:
    yield _index(site)
    yield _changes(site)
    yield site.layout.atom, atom.feed(site.schedule, site.changes, site.origin, site.layout, site.words)
    if site.layout.default:
        yield _missing(site)
    for exam in site.schedule.exams:
        for place in (None, *(place.id for place in exam.sites)):
            yield _exam(site, exam, place)
            yield _poster(site, exam, place)
            for track in exam.tracks:
                yield _exam(site, exam, place, track.id)
        yield from _kit(site, exam)


def _index(site: _Site) -> tuple[str, bytes]:
    path = site.layout.index
    exams = [(exam, entries_of(exam, milestones_for(exam), site.words, site.moves)) for exam in site.schedule.exams]
    subscription = panel(site.origin, path, site.words.t("All exams"), site.words, None)
    page = site.page(
        "index.html",
        path,
        site.twins("within", "index.html"),
        exams=exams,
        panel=subscription,
        feed=feed_path(),
        mail=site.mail(path, None),
    )
    return path, page


def _exam(site: _Site, exam: Exam, place: str | None, track: str | None = None) -> tuple[str, bytes]:
    path = site.layout.exam(exam.id, place, track)
    milestones = milestones_for(exam, place, track)
    here = exam.site(place) if place else None
    route = exam.track(track) if track else None
    name = _name(site.words, exam.name, here.name if here else None, route.name if route else None)
    kinds = [kind for kind in Kind if any(m.area.kind is kind for m in milestones)]
    page = site.page(
        "exam.html",
        path,
        site.twins("exam", exam.id, place, track),
        exam=exam,
        place=here,
        route=route,
        name=name,
        entries=entries_of(exam, milestones, site.words, site.moves, place),
        timeline=draw(exam, milestones, site.words, place),
        kinds=kinds,
        panel=panel(site.origin, path, name, site.words, exam.id, place, track),
        feed=feed_path(exam.id, place),
        mail=site.mail(path, exam, place, track),
        event_path=milestone_path,
        checked=_last_checked(exam),
    )
    return path, page


def _name(words: Words, *texts: Text | None) -> str:
    return " ".join(text.in_(words.language) for text in texts if text)


def _last_checked(exam: Exam) -> str | None:
    days = [source.checked for o in exam.occurrences() for source in o.sources if source.checked]
    return max(days).isoformat() if days else None


def _changes(site: _Site) -> tuple[str, bytes]:
    path = site.layout.changes
    rows = [kit.told(site.schedule, change, site.words) for change in site.changes]
    return path, site.page("changes.html", path, site.twins("within", "changes/index.html"), rows=rows)


def _missing(site: _Site) -> tuple[str, bytes]:
    path = "404.html"
    page = site.page("missing.html", path, {}, rooted=site.origin.rooted)
    return path, page


def _poster(site: _Site, exam: Exam, place: str | None) -> tuple[str, bytes]:
    path = site.layout.poster(exam.id, place)
    here = exam.site(place) if place else None
    target = site.layout.exam(exam.id, place)
    name = _name(site.words, exam.name, here.name if here else None)
    entries = entries_of(exam, milestones_for(exam, place), site.words, site.moves, place)
    page = site.page(
        "poster.html",
        path,
        site.twins("poster", exam.id, place),
        exam=exam,
        place=here,
        entries=entries,
        panel=panel(site.origin, target, name, site.words, exam.id, place),
        target=target,
        fit=fit(entries, exam.name.in_(site.words.language), site.words),
        checked=_last_checked(exam),
    )
    return path, page


def _kit(site: _Site, exam: Exam) -> Iterator[tuple[str, bytes]]:
    """Yield the office kit of an exam: what an office posts by hand, from the same facts as everything else."""
    sheets = kit.sheets(site.schedule, exam, site.changes, site.origin, site.layout, site.words)
    for sheet in sheets:
        for name, text in (("wecom.txt", sheet.wecom), ("mail.txt", sheet.mail)):
            yield site.layout.kit(exam.id, sheet.folder + name), text.encode()
        path = site.layout.kit(exam.id, sheet.folder + "notice.html")
        twins = site.twins("kit", exam.id, sheet.folder + "notice.html")
        yield path, site.page("notice.html", path, twins, exam=exam, sheet=sheet)
    path = site.layout.kit(exam.id)
    yield path, site.page("kit.html", path, site.twins("kit", exam.id), exam=exam, sheets=sheets)
