"""The application: its pages, and what holds for all of them."""

import logging
from http import HTTPStatus

from flask import Flask, Response, request

from examples.flask_host import browser, host, login, management
from examples.host import pages, texts
from examples.host.settings import Settings
from recoverykit import ConcurrentUpdate, OutcomeUnknown, Overloaded, RecoveryKitError

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
    """Let nobody in when the kit cannot say, and ask to try again where that may help."""
    _log.warning("%s: %s", type(error).__name__, error)
    match error:
        case Overloaded() | ConcurrentUpdate():
            page = pages.message_page(texts.BUSY, status=HTTPStatus.SERVICE_UNAVAILABLE)
        case OutcomeUnknown():
            page = pages.message_page(texts.NOT_CERTAIN, status=HTTPStatus.SERVICE_UNAVAILABLE)
        case _:
            page = pages.message_page(texts.BROKEN, status=HTTPStatus.INTERNAL_SERVER_ERROR)
    return browser.answer(page)


def _write_log(response: Response) -> Response:
    # The path and nothing else: forms hold passwords and codes.
    _log.info("%s %s %s", request.method, request.path, response.status_code)
    return response
