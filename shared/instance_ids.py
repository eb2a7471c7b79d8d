"""Which instance IDs a caller may choose. A rule; it asks nobody.

Two sources: what the durable extension takes, and what the SDK's client can carry. The client
puts an ID into a URL without encoding it.
"""

import unicodedata

from shared import exceptions

LONGEST = 256
"""In UTF-16 units, as the extension counts."""

ALLOWED = (
    f"1 to {LONGEST} characters, not beginning with @, without / \\ # ? % and control characters, "
    "without blanks at the ends, and not . or .."
)


def checked(name: str, instance_id: str) -> str:
    """Give the ID back when it may be used; `name` is the parameter it came in.

    Raises InvalidValue when the extension would refuse the ID, or when the URL of the client
    would mean another one: `a%41` would become `aA`, `..` the parent path, and blanks at the
    ends are cut off somewhere on the way.
    Source: the durable extension's checks of instance IDs on start.
    """
    fault = _fault(instance_id)
    if fault:
        raise exceptions.InvalidValue(name, instance_id, fault, ALLOWED)
    return instance_id


def _fault(instance_id: str) -> str | None:
    if not instance_id:
        return "is empty"
    if any(unicodedata.category(character) in ("Cc", "Cs") for character in instance_id):
        return "has a control character"
    if len(instance_id.encode("utf-16-le")) // 2 > LONGEST:
        return "is too long"
    if instance_id.startswith("@"):
        return "begins with @, which marks an entity"
    if any(character in "/\\#?%" for character in instance_id):
        return "has a character that cannot be in a URL's path as it is"
    if instance_id != instance_id.strip():
        return "has a blank at an end"
    if instance_id in (".", ".."):
        return "is a relative path"
    return None
