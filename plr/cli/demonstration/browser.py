"""A person's own browser: opens pages, keeps cookies, follows redirects, fills forms in and sends them."""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import urlencode, urljoin

import httpx

from plr.cli.demonstration.pages import Page, read
from plr.cli.demonstration.telling import StoryError

_SECONDS = 30
_OURS = {"Sec-Fetch-Site": "same-origin"}
_FORM = {"Content-Type": "application/x-www-form-urlencoded"}


@dataclass(slots=True)
class Browser:
    """One browser of one person."""

    client: httpx.Client

    @classmethod
    def new(cls, base_url: str) -> Browser:
        """Return a browser that the house has never seen."""
        # Nothing of the machine's own proxies: the pages are on loopback.
        return cls(httpx.Client(base_url=base_url, timeout=_SECONDS, trust_env=False))

    def close(self) -> None:
        """Close it."""
        self.client.close()

    def open(self, address: str) -> Page:
        """Open a page, by a typed address or from a letter."""
        return self._page(self._ask("GET", address, headers={"Sec-Fetch-Site": "none"}))

    def send(self, page: Page, button: str, **given: str | list[str]) -> Page:
        """Fill in the form with this button, press it, and return the page that comes."""
        return self._page(self._press(page, button, given, follow=True))

    def send_and_leave(self, page: Page, button: str) -> Page:
        """Press a button, and look away before the next page is there."""
        return self._page(self._press(page, button, {}, follow=False))

    def _press(
        self, page: Page, button: str, given: dict[str, str | list[str]], *, follow: bool
    ) -> httpx.Response:
        form = page.form(button)
        address = urljoin(page.address, form.action or page.address)
        body = urlencode(form.filled(given))
        origin = {"Origin": str(self.client.base_url).rstrip("/"), "Referer": page.address}
        headers = {**_OURS, **_FORM, **origin}
        return self._ask("POST", address, headers=headers, content=body, follow=follow)

    def _ask(
        self,
        method: str,
        address: str,
        *,
        headers: dict[str, str],
        content: str | None = None,
        follow: bool = True,
    ) -> httpx.Response:
        try:
            return self.client.request(
                method, address, headers=headers, content=content, follow_redirects=follow
            )
        except httpx.HTTPError as error:
            raise StoryError(f"The pages did not answer ({type(error).__name__}).") from None

    @staticmethod
    def _page(response: httpx.Response) -> Page:
        return read(str(response.url), response.status_code, response.text)
