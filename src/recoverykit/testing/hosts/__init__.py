"""A check of any login that has recovery codes, whether or not it uses this library."""

from recoverykit.testing.hosts.check import check_host
from recoverykit.testing.hosts.forms import FORMS, Form
from recoverykit.testing.hosts.host import Host
from recoverykit.testing.hosts.promises import PROMISES, Promise
from recoverykit.testing.hosts.report import Checked

__all__ = ["FORMS", "PROMISES", "Checked", "Form", "Host", "Promise", "check_host"]
