"""What the log says of instances, activities and entities; the one place of these texts."""

from funchost.tracking.lines import subject_of, subject_of_task
from funchost.tracking.tracker import Tracking

__all__ = ["Tracking", "subject_of", "subject_of_task"]
