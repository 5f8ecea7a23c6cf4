"""Every refusal: a class with a code; the sentence stands where it is raised, for who must act."""

from __future__ import annotations

from dataclasses import dataclass


class PlrError(Exception):
    """Something was refused. The message is a sentence that says what to do."""

    code = "refused"
    exit_status = 1
    http_status = 409


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing wrong with an input: where, what, and the remedy. Never holds the given value."""

    field: str
    problem: str
    remedy: str
    line: int | None = None

    def sentence(self, source: str) -> str:
        """Return `FILE:LINE: field: problem. Remedy.` (reliability 8)."""
        where = source if self.line is None else f"{source}:{self.line}"
        subject = f"{self.field}: " if self.field else ""
        return f"{where}: {subject}{self.problem} {self.remedy}".strip()


class InvalidInputError(PlrError):
    """The input is wrong. Holds every problem found, in the order of the input."""

    code = "invalid-input"
    exit_status = 2
    http_status = 422

    def __init__(self, problems: list[Problem], source: str = "input") -> None:
        self.problems = problems
        self.source = source
        super().__init__("\n".join(problem.sentence(source) for problem in problems))

    def __reduce__(self) -> tuple[type[InvalidInputError], tuple[list[Problem], str]]:
        """Pickle by what made it, so that it survives a process boundary."""
        return type(self), (self.problems, self.source)


class UnreadableInputError(InvalidInputError):
    """The input cannot be read at all: not YAML or JSON, an alias, a tag, a duplicate key, too deep."""

    code = "unreadable-input"
    http_status = 400


class TooLargeError(InvalidInputError):
    """The input is larger than this program reads."""

    code = "too-large"
    http_status = 413


class InvalidConfigError(InvalidInputError):
    """The configuration is wrong; the file, the line and the remedy are named."""

    code = "invalid-config"
    http_status = 503


class NotFoundError(PlrError):
    """There is no such record, or it is not yours: the answer is the same (reliability T3)."""

    code = "not-found"
    exit_status = 2
    http_status = 404


class NotYoursError(NotFoundError):
    """The record exists and this person may not see it. Shown exactly like NotFoundError."""


class WrongMomentError(PlrError):
    """The record has moved on, or has not come this far."""

    code = "wrong-moment"


class AlreadyAnsweredError(WrongMomentError):
    """Somebody has answered, or the same person answers differently."""

    code = "already-answered"


class TextChangedError(WrongMomentError):
    """The text was changed after the person read it."""

    code = "text-changed"


class NotEligibleError(WrongMomentError):
    """This person may not answer this question: office, leave, interest or authorship."""

    code = "not-eligible"


class SameKeyOtherContentError(WrongMomentError):
    """The same key came with other content."""

    code = "same-key-other-content"


class NotQuorateError(WrongMomentError):
    """The meeting was not quorate for this item (terms of reference 4.1)."""

    code = "not-quorate"


class LinkDeadError(PlrError):
    """The mailed link is dead or was never made: the answer is the same."""

    code = "link-dead"
    http_status = 410


class SignInError(PlrError):
    """The code is wrong, used up or came from another browser."""

    code = "sign-in"
    http_status = 401


class TooManyTriesError(PlrError):
    """Too many tries; holds the seconds to wait."""

    code = "too-many"
    http_status = 429

    def __init__(self, message: str, retry_after: int = 900) -> None:
        super().__init__(message)
        self.retry_after = retry_after

    def __reduce__(self) -> tuple[type[TooManyTriesError], tuple[str, int]]:
        """Pickle by what made it."""
        return type(self), (str(self), self.retry_after)


class UnavailableError(PlrError):
    """Something this program needs is not there: database, storage, mail, Prefect."""

    code = "unavailable"
    exit_status = 3
    http_status = 503


class FencedError(PlrError):
    """Another execution has taken over the case; this one commits nothing (reliability R13)."""

    code = "fenced"


class StepFailedError(PlrError):
    """A step failed. Holds the reference, the step and an error id only: Prefect stores the message."""

    code = "step-failed"
    exit_status = 3
    http_status = 500


class CalendarEndsError(PlrError):
    """A working day was asked for outside the years whose bank holidays are known (decisions 23)."""

    code = "calendar-ends"
    exit_status = 3
    http_status = 503


class OutputDiffersError(PlrError):
    """A file of that name is there with other content; the caller takes the next version and reports it."""

    code = "output-differs"
