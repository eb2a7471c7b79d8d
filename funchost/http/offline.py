"""app_offline.htm: while this file lies in the app's folder, its text is the answer to every request.

Source: Azure Functions host, HostAvailabilityCheckMiddleware and FileMonitoringService.
"""

from pathlib import Path

from aiohttp import web

FILE_NAME = "app_offline.htm"

_TEXT = "<!DOCTYPE html>\n<title>Offline</title>\n<p>This function app is offline. Try again later.</p>\n"


class OfflinePage:
    """The file in one app's folder."""

    def __init__(self, script_root: Path) -> None:
        self._path = script_root / FILE_NAME

    @property
    def exists(self) -> bool:
        """Whether the app is offline."""
        return self._path.is_file()

    def response(self) -> web.Response | None:
        """The answer while the app is offline, else None."""
        try:
            page = self._path.read_bytes()
        except OSError:
            return None
        return web.Response(status=503, body=page, headers={"Content-Type": "text/html"})

    def put(self) -> None:
        """Take the app offline."""
        self._path.write_text(_TEXT)

    def remove(self) -> None:
        """Bring it back."""
        self._path.unlink(missing_ok=True)
