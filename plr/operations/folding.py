"""One spelling for every text that is screened, line by line the same as the text itself."""

from __future__ import annotations

import re
import unicodedata

_APOSTROPHES = re.compile("[\u2018\u2019\u02bc\u02b9\u2032`\u00b4]")
_NEW_LINE = re.compile("\r\n|\r")
_OTHER_LINES = re.compile("[\v\f\x1c-\x1e\x85\u2028\u2029]")


def folded(text: str) -> str:
    """Return the text in NFKC, without zero-width characters and accents; digits and dashes plain."""
    text = _OTHER_LINES.sub(" ", _NEW_LINE.sub("\n", text))
    text = _APOSTROPHES.sub("'", unicodedata.normalize("NFKC", text))
    return "".join(_plain(character) for character in unicodedata.normalize("NFD", text))


def _plain(character: str) -> str:
    if character.isascii():
        return character
    category = unicodedata.category(character)
    if category in {"Cf", "Mn", "Me"}:
        return ""
    if category == "Nd":
        return str(unicodedata.digit(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    return " " if category == "Zs" else character
