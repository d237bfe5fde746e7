"""Classifiers, and where they come from: one source per file."""

from withstand.models.classifier import Classifier, digest
from withstand.models.timm import build, restore, tag_of

__all__ = ["Classifier", "build", "digest", "restore", "tag_of"]
