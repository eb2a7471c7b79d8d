"""Conventions of Azure Functions that several rooms follow: names, time spans, what app settings mean."""
