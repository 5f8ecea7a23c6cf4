"""What a person does: read a letter, open its link, type a code, answer."""

from __future__ import annotations

from dataclasses import dataclass, field

from plr.cli.demonstration.browser import Browser
from plr.cli.demonstration.mailboxes import Arrived, Mailboxes
from plr.cli.demonstration.pages import Page
from plr.cli.demonstration.telling import StoryError

CODE_LETTER = "Your sign-in code"
REFUSED = 400


@dataclass(slots=True)
class Player:
    """One of the invented people, at a browser of their own."""

    code: str
    name: str
    address: str
    base_url: str
    mail: Mailboxes
    signed_in: bool = False
    _browser: Browser | None = field(default=None, init=False)

    @property
    def browser(self) -> Browser:
        """Their browser."""
        if self._browser is None:
            self._browser = Browser.new(self.base_url)
        return self._browser

    def close(self) -> None:
        """Close their browser."""
        if self._browser is not None:
            self._browser.close()

    def letter(self, subject: str, *, after: int = 0) -> Arrived:
        """Return the newest letter in their mailbox whose subject begins so, waiting for it."""
        return self.mail.wait_for(self.address, subject, after=after)

    def sign_in(self) -> None:
        """Sign in with the code that comes by letter; their browser is remembered from then on."""
        if self.signed_in:
            return
        before = self.mail.count
        page = self.browser.send(self.browser.open("/sign-in"), "Send me a code", email=self.address)
        self._type_code(page, "Sign in", before)
        self.signed_in = True

    def act(self, address: str, button: str, **given: str | list[str]) -> Page:
        """Open a page of theirs, fill its form in and send it."""
        self.sign_in()
        return self.press(self.browser.open(address), button, **given)

    def follow(self, address: str, link: str) -> Page:
        """Open a page of theirs and follow one of its links."""
        self.sign_in()
        page = self.browser.open(address)
        if link not in page.links:
            raise StoryError(f'{self.name} was shown "{page.heading}" without the link "{link}".')
        return self.browser.open(page.links[link])

    def press(self, page: Page, button: str, **given: str | list[str]) -> Page:
        """Fill in a form of the page they see, and press its button."""
        return self._sent(self.browser.send(page, button, **given), button)

    def press_and_leave(self, page: Page, button: str) -> None:
        """Press a button and look away at once."""
        self._sent(self.browser.send_and_leave(page, button), button)

    def decide(self, letter: Arrived, answer: str, **given: str | list[str]) -> Page:
        """Answer a question by the link of a letter: with a code, on a browser that is not remembered."""
        if letter.link is None:
            raise StoryError(f'The letter "{letter.subject}" to {letter.to} holds no link.')
        page = self.browser.open(letter.link)
        if any("Send me a code" in form.buttons for form in page.forms):
            before = self.mail.count
            page = self._type_code(self.browser.send(page, "Send me a code"), "Show me the text", before)
        before = self.mail.count
        page = self.browser.send(page, "Send my answer", answer=answer, **given)
        if any(control.name == "code" for form in page.forms for control in form.controls):
            page = self._type_code(page, "Send my answer", before)
        return self._sent(page, "Send my answer")

    def _type_code(self, page: Page, button: str, before: int) -> Page:
        letter = self.letter(CODE_LETTER, after=before)
        return self._sent(self.browser.send(page, button, code=letter.code or "", remember="yes"), button)

    def _sent(self, page: Page, button: str) -> Page:
        if page.status >= REFUSED or any(button in form.buttons for form in page.forms):
            raise StoryError(
                f'{self.name} pressed "{button}" and was shown "{page.heading}" ({page.status}): '
                f"{_part(page.text)}"
            )
        return page


def _part(text: str) -> str:
    at = max(text.find("There is a problem"), 0)
    return text[at : at + 300]
