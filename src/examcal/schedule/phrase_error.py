"""The refusal of a date phrase: why, what to write instead, and every way in which it could be read."""

from __future__ import annotations

from collections.abc import Sequence

from examcal.errors import ExamcalError, ExitCode, Sentence


class PhraseError(ExamcalError):
    """A date phrase is not understood, has two readings, or names no date that exists.

    ``readings`` are the possible meanings as canonical text, which ``read_window`` understands again;
    ``offset`` is the position in the phrase (characters, from 0) where the trouble starts.
    """

    exit_code = ExitCode.NO

    def __init__(
        self,
        msgid: str,
        /,
        *,
        hint: Sentence | None = None,
        readings: Sequence[str] = (),
        offset: int = 0,
        **params: object,
    ) -> None:
        super().__init__(msgid, **params)
        self.hint = hint
        self.readings = tuple(dict.fromkeys(readings))
        self.offset = offset

    def with_readings(self, readings: Sequence[str]) -> PhraseError:
        """Return the same refusal with other readings."""
        return PhraseError(
            self.sentence.msgid, hint=self.hint, readings=readings, offset=self.offset, **self.sentence.params
        )
