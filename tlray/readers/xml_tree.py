"""XML of strangers as a tree: no entities, no DTD, nothing fetched, bounded in size and depth.

Feeds are often not well-formed: a bare ``&``, an entity of HTML, a control character, a prefix that nobody declared. What is
not XML is repaired once and noted. A file that is cut off is refused: half a list is none.
"""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Iterator
from typing import Any, NamedTuple

from tlray.readers.decoding import NoTextError, decode_text
from tlray.sites.decode import decode
from tlray.sites.json_text import unicode_encoding

MAX_BYTES = 64 * 2**20
MAX_NODES = 2_000_000
"""Tags and attributes; each takes some 100 bytes of memory."""
_REFERENCE = re.compile(r"<!\[CDATA\[.*?\]\]>|&(#\d{1,7};|#[xX][0-9A-Fa-f]{1,6};|\w{1,40};)?", re.DOTALL)
_XML_ENTITIES = frozenset({"amp;", "lt;", "gt;", "quot;", "apos;"})
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
_DECLARATION = re.compile(r"\s*<\?xml[^>]{0,500}\?>")

Element = Any
"""An element of lxml, which ships no types."""


class BadXmlError(Exception):
    """The file is no XML that is read; the text is the reason."""


class Tree(NamedTuple):
    """A document."""

    root: Element
    issues: list[str]
    """``xml_repaired``, ``encoding_guessed``."""


def parse_xml(body: bytes, encoding: str | None = None) -> Tree:
    """Parse a document; BadXmlError says why it is not read."""
    from lxml import etree  # noqa: PLC0415 - 13 ms that other kinds of files need not pay

    text, issues = _decoded(body, encoding)
    if len(text) > MAX_BYTES or text.count("<") + text.count("=") > MAX_NODES:
        raise BadXmlError("XML too large")
    if "<!ENTITY" in text:
        raise BadXmlError("XML that declares entities: not read")
    text = text[found.end() :] if (found := _DECLARATION.match(text)) else text
    options = {
        "encoding": "utf-8",
        "resolve_entities": False,
        "no_network": True,
        "load_dtd": False,
        "huge_tree": False,
    }
    try:
        return Tree(etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(**options)), issues)
    except etree.XMLSyntaxError as error:
        reason = str(error.msg)
    text = _CONTROL.sub("", _REFERENCE.sub(_repaired, text)).strip()
    root = None
    with contextlib.suppress(etree.XMLSyntaxError):
        root = etree.fromstring(text.encode("utf-8", "replace"), etree.XMLParser(recover=True, **options))
    if root is None or not isinstance(root.tag, str):
        raise BadXmlError(f"not XML: {reason[:120]}")
    if not re.search(
        rf"</\s*(?:[\w.-]+:)?{re.escape(local(root))}\s*>\s*(?:<!--.*-->\s*)?\Z", text[-2000:], re.DOTALL
    ):
        raise BadXmlError("cut off: XML without its end")
    return Tree(root, [*issues, "xml_repaired"])


def local(element: Element) -> str:
    """Return the name of an element without its namespace; "" for comments and the like."""
    tag = element.tag
    return tag.rpartition("}")[2].rpartition(":")[2] if isinstance(tag, str) else ""


def namespace(element: Element) -> str:
    """Return the namespace of an element in lower case; its prefix where none is declared for it."""
    tag = element.tag if isinstance(element.tag, str) else ""
    return (tag[1:].partition("}")[0] if tag.startswith("{") else tag.rpartition(":")[0]).lower()


def children(element: Element, name: str) -> Iterator[Element]:
    """Yield the children of a name, in whatever namespace."""
    return (child for child in element if local(child) == name)


def text_of(element: Element) -> str:
    """Return all text in an element."""
    return "".join(element.itertext()) if element is not None else ""


def _decoded(body: bytes, encoding: str | None) -> tuple[str, list[str]]:
    if found := unicode_encoding(body):
        return body.decode(found, "replace"), []
    data, n_bad = decode(body, encoding)
    if not n_bad:
        return data.decode(), []
    try:
        text, issues = decode_text(body, encoding)
    except NoTextError as error:
        raise BadXmlError(str(error)) from None
    return text, issues


def _repaired(found: re.Match[str]) -> str:
    """Return a reference that XML knows in the place of an entity of HTML, or of a bare ``&``."""
    reference = found[1]
    if found[0].startswith("<") or (reference and (reference in _XML_ENTITIES or reference.startswith("#"))):
        return found[0]
    meant = html.unescape(found[0]) if reference else ""
    return f"&#{ord(meant)};" if len(meant) == 1 else "&amp;" + (reference or "")
