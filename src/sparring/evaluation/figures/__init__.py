"""Every figure by its name: a new one is a measurement in a file here, with its line in the table."""

from sparring.evaluation.figures.bleu import BLEU
from sparring.evaluation.figures.cas import CAS_ERROR
from sparring.evaluation.figures.classes import CLASS_BALANCE, INCEPTION_SCORE, LABEL_AGREEMENT
from sparring.evaluation.figures.copies import MEMORISED
from sparring.evaluation.figures.fidelity import FED, FID, FID_OF_INPUT, KID
from sparring.evaluation.figures.manifold import COVERAGE, DENSITY, PRECISION, RECALL
from sparring.evaluation.figures.measurement import Measurement, Reference
from sparring.evaluation.figures.modes import HIGH_QUALITY_SHARE, MODES, REVERSE_KL
from sparring.evaluation.figures.ndb import NDB
from sparring.evaluation.figures.neighbours import ONE_NN_ERROR, SUPPORT
from sparring.evaluation.figures.ngrams import COPIED, DISTINCT_NGRAMS, DISTINCT_TEXTS, NOVEL_NGRAMS

__all__ = ["FIGURES", "Measurement", "Reference"]

FIGURES: dict[str, Measurement] = {
    "fid": FID,
    "fid_of_input": FID_OF_INPUT,
    "kid": KID,
    "inception_score": INCEPTION_SCORE,
    "precision": PRECISION,
    "recall": RECALL,
    "density": DENSITY,
    "coverage": COVERAGE,
    "label_agreement": LABEL_AGREEMENT,
    "class_balance": CLASS_BALANCE,
    "one_nn_error": ONE_NN_ERROR,
    "cas_error": CAS_ERROR,
    "ndb": NDB,
    "memorised": MEMORISED,
    "support": SUPPORT,
    "fed": FED,
    **BLEU,
    "novel_ngrams": NOVEL_NGRAMS,
    "distinct_ngrams": DISTINCT_NGRAMS,
    "distinct_texts": DISTINCT_TEXTS,
    "copied": COPIED,
    "modes": MODES,
    "high_quality_share": HIGH_QUALITY_SHARE,
    "reverse_kl": REVERSE_KL,
}
"""Every figure that is of any game, by its name."""
