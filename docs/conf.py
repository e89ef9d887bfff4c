"""How the documentation is built."""

from importlib.metadata import version as installed_version

project = "recoverykit"
author = "The recoverykit developers"
version = release = installed_version("recoverykit")

extensions = ["myst_parser", "sphinx.ext.autodoc", "sphinx.ext.napoleon"]
exclude_patterns = ["_build"]
html_theme = "furo"
html_title = f"recoverykit {version}"
html_show_sphinx = False
myst_heading_anchors = 3
pygments_style = "friendly"

default_role = "any"
autodoc_default_options = {"members": True}
autodoc_member_order = "bysource"
autodoc_preserve_defaults = True
python_use_unqualified_type_names = True

# The pages of other projects are not fetched for a build, so nothing of theirs can be linked.
nitpick_ignore_regex = [
    ("py:.*", r"(collections|contextlib|datetime|enum|opentelemetry|sqlalchemy|types|typing)\..*"),
    # What `CodeFormat.parse` returns is told there; the class itself is not public.
    ("py:class", r"recoverykit\.core\.format\.ParsedCode"),
]
