"""The application: its pages, and what holds for all of them."""

from flask import Flask, Response, request
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.response import Response as BareResponse

from examples.flask_host import browser, host, login, management
from examples.host import failures, forgery, journal
from examples.host.settings import Settings
from recoverykit import RecoveryKitError


def create_app(settings: Settings) -> Flask:
    """Return the application, ready for a WSGI server with threads."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = forgery.MAX_FORM_BYTES
    host.attach(app, host.build(settings))
    app.before_request(browser.refuse_forgery)
    app.after_request(browser.add_headers)
    app.after_request(_write_log)
    app.register_error_handler(RecoveryKitError, _fail_closed)
    app.register_error_handler(HTTPException, _explain)
    app.register_blueprint(login.blueprint)
    app.register_blueprint(management.blueprint)
    return app


def _fail_closed(error: RecoveryKitError) -> Response:
    return browser.answer(failures.page_of(error))


def _explain(error: HTTPException) -> BareResponse:
    response = error.get_response()  # with its own headers: which methods are allowed, say
    response.set_data(failures.page_of_status(response.status_code).html)
    return response


def _write_log(response: Response) -> Response:
    journal.write_request(request.method, request.path, response.status_code)
    return response
