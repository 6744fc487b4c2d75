"""The words of the product, by language: gettext catalogues, one domain per package.

Source texts ("message identifiers") are English sentences with named parameters in braces; a catalogue
``catalogs/LANGUAGE/DOMAIN.po`` (compiled to ``.mo`` by ``make texts``) translates them.
"""

from __future__ import annotations

import gettext
from functools import lru_cache
from importlib.resources import files

from examcal.texts.english import in_number

DEFAULT_LANGUAGE = "zh-CN"
LANGUAGES = ("zh-CN", "en")


@lru_cache(maxsize=8)
def catalogue(language: str) -> gettext.NullTranslations:
    """Return all domains of ``language`` as one translation; unknown languages read as English."""
    merged = gettext.NullTranslations()
    folder = files(__name__) / "catalogs" / language.replace("-", "_")
    if not folder.is_dir():
        return merged
    for entry in sorted(folder.iterdir(), key=lambda file: file.name):
        if entry.name.endswith(".mo"):
            with entry.open("rb") as stream:
                translation = gettext.GNUTranslations(stream)
            translation.add_fallback(merged)
            merged = translation
    return merged


def translate(msgid: str, language: str = DEFAULT_LANGUAGE, /, **params: object) -> str:
    """Return ``msgid`` in ``language`` with its named parameters filled in."""
    words = catalogue(language).gettext(msgid) if msgid else ""
    if words is msgid and 1 in params.values():
        words = in_number(words, params)
    return words.format(**params) if params else words


def text_in(values: dict[str, str], language: str) -> str:
    """Return the entry for ``language``, else for its base language, else the first one."""
    if language in values:
        return values[language]
    base = language.partition("-")[0]
    return next((value for key, value in values.items() if key.partition("-")[0] == base), next(iter(values.values())))
