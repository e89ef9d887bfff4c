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
_FOREIGN = (
    "collections|contextlib|datetime|enum|hypothesis|opentelemetry|os|sqlalchemy|types|typing"
)
# What is handed from one public function to another one, and is told there.
_HANDED = "core.format.ParsedCode|core.hasher.CheapHasher|testing.conformance.bench.Bench"
nitpick_ignore_regex = [
    ("py:.*", rf"({_FOREIGN})\..*"),
    ("py:class", rf"recoverykit\.({_HANDED})"),
    # Flows of a host's own do not hash.
    ("py:class", r"recoverykit\.core\.effects\.Derived?"),
    # Type variables.
    ("py:class", r"recoverykit\..*\.(UserT|_Called|_Awaited)"),
]
