"""Who sends a request: whom its key proves or, when nobody asks for keys, the administrator."""

from aiohttp import web

from funchost.http.admission.access import ADMINISTRATOR, KEY_PARAMETER, Caller, identify, presented_key
from funchost.http.admission.keys import KeyFile
from funchost.http.url_text import parse_query, split_target


class Callers:
    """Reads keys off requests. `are_asked` tells whether keys count at all (`--enable-auth`)."""

    def __init__(self, keys: KeyFile | None) -> None:
        self._keys = keys

    @property
    def are_asked(self) -> bool:
        """Whether requests need keys."""
        return self._keys is not None

    def of(self, request: web.BaseRequest, function: str | None = None) -> Caller:
        """The caller of a function, of a webhook or of an admin endpoint."""
        if self._keys is None:
            return ADMINISTRATOR
        _, raw_query = split_target(request.raw_path)
        named = parse_query(raw_query).items()
        code = [value for name, values in named if name.casefold() == KEY_PARAMETER for value in values]
        return identify(self._keys.current(), presented_key(request.headers, code), function)
