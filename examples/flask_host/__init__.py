"""A small Flask application with recovery codes: a login, a code page and a management page."""
