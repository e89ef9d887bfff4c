"""Start the application: `python -m examples.fastapi_host --help` says what can be chosen."""

from functools import partial

from examples.fastapi_host import serving
from examples.fastapi_host.app import create_app
from examples.fastapi_host.serving import Server
from examples.host import journal, settings


def main() -> None:
    """Serve until interrupted."""
    journal.start()
    given = settings.read("fastapi_host")
    serving.end_by_signals()
    welcome = partial(settings.welcome, given)
    Server(create_app(given), port=given.port, welcome=welcome).run()


if __name__ == "__main__":
    main()
