"""Checks for systems of one's own: what the tests run on the zoo, on any system."""

from __future__ import annotations

from sparring.checking.examination import Examination, check
from sparring.checking.report import CheckReport

__all__ = ["CheckReport", "Examination", "check"]
