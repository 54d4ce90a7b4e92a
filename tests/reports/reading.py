"""A page as a browser sees it: elements, texts, and what it would load."""

from html.parser import HTMLParser
from typing import NamedTuple

VOID = {"meta", "link", "img", "br", "hr", "input"}
LOADING = ("src", "href", "xlink:href", "srcset", "data", "action", "poster", "background")


class Element(NamedTuple):
    name: str
    attributes: dict[str, str]
    path: tuple[str, ...]  # the names of those it is in


class Page(HTMLParser):
    """Elements in order; `texts` of those that have text, by their names."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: list[Element] = []
        self.texts: list[tuple[tuple[str, ...], str]] = []
        self._open: list[str] = []
        self.unclosed: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag, attrs):
        self.elements.append(Element(tag, {k: v or "" for k, v in attrs}, tuple(self._open)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag, attrs):
        self.elements.append(Element(tag, {k: v or "" for k, v in attrs}, tuple(self._open)))

    def handle_endtag(self, tag):
        assert self._open[-1] == tag, (self._open, tag, self.getpos())
        self._open.pop()

    def handle_data(self, data):
        if data.strip():
            self.texts.append((tuple(self._open), " ".join(data.split())))

    def count(self, name):
        return sum(one.name == name for one in self.elements)

    def shown(self):
        """All text that is shown."""
        hidden = {"style", "script"}
        return "\n".join(text for path, text in self.texts if not hidden.intersection(path))

    def loads(self):
        """Everything that the page would fetch."""
        return [
            value
            for one in self.elements
            for key, value in one.attributes.items()
            if key in LOADING and not value.startswith("#")
        ]
