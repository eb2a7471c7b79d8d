"""The doctor: what works here and will not on Azure, and the other way round, said before a deployment.

It reads the app's files, loads the app once as a start does, and changes nothing.
"""

from funchost.doctor.examination import examine
from funchost.doctor.findings import Finding, Severity, as_json, as_text

__all__ = ["Finding", "Severity", "as_json", "as_text", "examine"]
