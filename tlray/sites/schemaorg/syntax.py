"""The syntaxes of schema.org in a page: JSON-LD, microdata, RDFa."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from tlray.sites.json_text import BadJsonError, load
from tlray.sites.schemaorg.thing import MAX_DEPTH, MAX_THINGS, Thing

_WRAPPING = re.compile(
    r"^\s*(?:<!--|//\s*<!\[CDATA\[|<!\[CDATA\[|/\*\s*<!\[CDATA\[\s*\*/)|(?:-->|//\s*\]\]>|\]\]>|/\*\s*\]\]>\s*\*/)\s*$"
)
_APPLE = re.compile(r"schema:")
MAX_SCRIPTS = 200


class Attributes(NamedTuple):
    """The attributes of a syntax."""

    scope: str
    type: str
    property: str
    id: str


MICRODATA = Attributes("itemscope", "itemtype", "itemprop", "itemid")
RDFA = Attributes("typeof", "typeof", "property", "resource")
_BY_TAG = {
    "meta": "content", "a": "href", "link": "href", "area": "href", "img": "src", "audio": "src", "video": "src", "source": "src",
    "iframe": "src", "embed": "src", "object": "data", "time": "datetime", "data": "value", "meter": "value",
}  # fmt: skip


def in_json_ld(tree: LexborHTMLParser) -> Iterator[object]:
    """Yield the documents of JSON-LD; one that is no JSON is left out."""
    for script in tree.css("script")[: 10 * MAX_SCRIPTS]:
        marks = {name: (script.attributes.get(name) or "").lower() for name in ("type", "id", "name")}
        if "ld+json" not in marks["type"] and not (
            "json" in marks["type"] and any(_APPLE.match(marks[name]) for name in ("id", "name"))
        ):
            continue
        text = _WRAPPING.sub("", script.text())
        try:
            yield load(text.encode("utf-8", "replace"), is_lenient=True)
        except BadJsonError:
            continue


def in_elements(tree: LexborHTMLParser, syntax: Attributes) -> list[Thing]:
    """Return the outermost nodes of microdata or RDFa."""
    left = [MAX_THINGS]
    elements = (one for one in tree.css(f"[{syntax.scope}]") if syntax.property not in one.attributes)
    return [_thing(element, syntax, 0, left) for element in elements if left[0] > 0]


def _thing(element: LexborNode, syntax: Attributes, depth: int, left: list[int]) -> Thing:
    """Return a node with its properties; nested ones are part of it."""
    left[0] -= 1
    thing: Thing = {"@type": (element.attributes.get(syntax.type) or "").split()}
    if own := element.attributes.get(syntax.id):
        thing["@id"] = own
    child = element.child
    pending = [child] if child is not None else []
    while pending and left[0] > 0:
        node = pending.pop()
        if node.next is not None:
            pending.append(node.next)
        if node.tag in ("-text", "-comment", "-undef", "-document"):
            continue
        attributes = node.attributes
        is_scope = syntax.scope in attributes
        if syntax.property in attributes:
            is_node = is_scope and depth < MAX_DEPTH
            value = _thing(node, syntax, depth + 1, left) if is_node else _value(node)
            for name in (attributes[syntax.property] or "").split()[:8]:
                thing.setdefault(re.split(r"[/#:]", name)[-1], []).append(value)
        if not is_scope and node.child is not None:
            pending.append(node.child)
    return thing


def _value(node: LexborNode) -> str:
    attributes = node.attributes
    name = "content" if "content" in attributes else _BY_TAG.get(node.tag or "", "")
    return (attributes.get(name) if name in attributes else None) or node.text()
