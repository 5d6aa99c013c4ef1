"""Landmarks: which checkpoints a run may go back to, and which are of no use any more."""

from __future__ import annotations


def needed(steps: list[int], landmark_every: int, verified_after: int = 0) -> set[int]:
    """Which of the checkpoints are still of use.

    Args:
        steps: those there are, in order; the last has just been written.
        landmark_every: steps between two landmarks.
        verified_after: age in steps at which a checkpoint is verified: trouble that began before it would
            have been found by now.

    Returns:
        The newest, to go on from; the newest landmark that is verified; and all landmarks after that, which
        will be.
    """
    marks = landmarks(steps, landmark_every)
    unverified = [step for step in marks if step > steps[-1] - verified_after]
    return {steps[-1], *marks[-1 - len(unverified) :]}


def landmarks(steps: list[int], every: int) -> list[int]:
    """Those of the checkpoints' steps that a run may go back to: chosen by the step alone, and not by the
    clock as the others are, so that a run which was killed in between goes back to the same."""
    return [step for step in steps if step % every == 0]
