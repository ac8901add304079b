"""XML that strangers wrote, as plain values: entities and document types are refused, nesting is limited."""

from typing import Any
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring

from admin.intake.json_text import MAX_NESTING


class UnreadableXml(ValueError):
    """The text is no XML that is taken here."""


def parse_xml(body: bytes) -> Any:
    """Elements as an object of their children's texts, repeated ones as lists; the root's name is left out.

    Raises UnreadableXml.
    """
    try:
        root = fromstring(body, forbid_dtd=True)
    except DefusedXmlException:
        raise UnreadableXml("document types and entities are not taken: send plain elements") from None
    except (ParseError, LookupError, ValueError) as error:
        raise UnreadableXml(f"the body is no XML: {error}") from None
    return _value(root, 1)


def _value(element: Element, depth: int) -> Any:
    if depth > MAX_NESTING:
        raise UnreadableXml(f"the body is nested deeper than {MAX_NESTING} levels")
    if not len(element):
        return (element.text or "").strip()
    found: dict[str, Any] = {}
    for child in element:
        value = _value(child, depth + 1)
        if child.tag not in found:
            found[child.tag] = value
        elif isinstance(found[child.tag], list):
            found[child.tag].append(value)
        else:
            found[child.tag] = [found[child.tag], value]
    return found
