"""The application: its pages, and what holds for all of them."""

import logging

from flask import Flask, Response, request

from examples.flask_host import browser, host, login, management
from examples.host import failures
from examples.host.settings import Settings
from recoverykit import RecoveryKitError

_MAX_FORM_BYTES = 16 * 1024
_log = logging.getLogger("host.requests")


def create_app(settings: Settings) -> Flask:
    """Return the application, ready for a WSGI server with threads."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = _MAX_FORM_BYTES
    host.attach(app, host.build(settings))
    app.before_request(browser.refuse_forgery)
    app.after_request(browser.add_headers)
    app.after_request(_write_log)
    app.register_error_handler(RecoveryKitError, _fail_closed)
    app.register_blueprint(login.blueprint)
    app.register_blueprint(management.blueprint)
    return app


def _fail_closed(error: RecoveryKitError) -> Response:
    _log.warning("%s: %s", type(error).__name__, error)
    return browser.answer(failures.page_of(error))


def _write_log(response: Response) -> Response:
    # The path and nothing else: forms hold passwords and codes.
    _log.info("%s %s %s", request.method, request.path, response.status_code)
    return response
