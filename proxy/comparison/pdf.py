"""PDF documents that differ only in when they were made.

Every writer of PDF puts the time into the document's information (`/CreationDate`, `/ModDate`), into XMP metadata,
and an id made of time and chance into the trailer (`/ID`; ISO 32000 section 14.4): two PDFs of one invoice are never
the same bytes. Those values are blanked, and only if all other bytes are the same is the difference ignored. Values
inside compressed streams are not seen, nor is a date of another length, which moves every offset of the
cross-reference table: such documents differ.
"""

from __future__ import annotations

import re

LABEL = "pdf dates and id"

_DATE = rb"\(D:\d{4}[0-9+'Z-]{0,22}\)"
_WHEN = rb"\d{4}-[0-9T:.+Z-]{3,35}"
_TIMELY = re.compile(
    rb"(/(?:CreationDate|ModDate)\s{0,4})" + _DATE + rb"|(/ID\s{0,4}\[\s{0,4})<[0-9A-Fa-f]{32}>\s{0,4}<[0-9A-Fa-f]{32}>"
    rb"|(<xmp:(?:CreateDate|ModifyDate|MetadataDate)>)" + _WHEN + rb"|(xmp:(?:CreateDate|ModifyDate|MetadataDate)=\")"
    rb"" + _WHEN + rb"|(<xmpMM:(?:DocumentID|InstanceID)>|xmpMM:(?:DocumentID|InstanceID)=\")(?:uuid:|xmp\.[di]id:)"
    rb"[0-9A-Fa-f-]{32,36}"
)


def same_but_for_dates(left: bytes, right: bytes) -> bool:
    """Whether both are PDFs that are equal once their dates and ids are blanked."""
    if not (left.startswith(b"%PDF-") and right.startswith(b"%PDF-")):
        return False
    return _TIMELY.sub(_name, left) == _TIMELY.sub(_name, right)


def _name(found: re.Match[bytes]) -> bytes:
    return next(name for name in found.groups() if name is not None)
