"""The host's own pages: the landing page, `app_offline.htm`, and the word that no app runs.

While the file app_offline.htm lies in the app's folder, its text is the answer to every request.
Source: Azure Functions host, HomepageMiddleware, HostAvailabilityCheckMiddleware and FileMonitoringService.
"""

from pathlib import Path

from aiohttp import web

OFFLINE_FILE = "app_offline.htm"

_OFFLINE_TEXT = (
    "<!DOCTYPE html>\n<title>Offline</title>\n<p>This function app is offline. Try again later.</p>\n"
)
_LANDING_PAGE = Path(__file__).with_name("landing.html").read_bytes()


def landing_page() -> web.Response:
    """The page at `/`, when no function is there."""
    return web.Response(body=_LANDING_PAGE, headers={"Content-Type": "text/html; charset=utf-8"})


def not_running() -> web.Response:
    """The answer while there is no app behind the port: before the start is through, and at the end."""
    return web.Response(status=503, text="Function host is not running.")


class OfflinePage:
    """The file in one app's folder."""

    def __init__(self, script_root: Path) -> None:
        self._path = script_root / OFFLINE_FILE

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
        self._path.write_text(_OFFLINE_TEXT)

    def remove(self) -> None:
        """Bring it back."""
        self._path.unlink(missing_ok=True)
