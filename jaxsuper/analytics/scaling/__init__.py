"""Scaling laws: how many circuits fit as networks grow, measured, fitted and held against theory.

designs = [scaling_design("published"), scaling_design("three-links")]
law     = critical_law(designs, (800, 1600, 3200), Path("critical"))      resumes from the folder
"""

from ._critical import critical_law, CriticalLaw, CriticalPoint
from ._crossing import Crossing, find_crossing
from ._designs import DESIGNS, scaling_design, ScalingDesign
from ._fits import fit_power, PowerFit
from ._hysteresis import hysteresis_law, HysteresisLaw
from ._levels import level_law, LevelPoint
from ._optimum import optimum_law, OptimumPoint
from ._payload import PAYLOAD_DESIGNS, payload_law, PayloadAxis, PayloadLaw
from ._transition import transition_law, TransitionPoint


__all__ = [
    "DESIGNS",
    "PAYLOAD_DESIGNS",
    "CriticalLaw",
    "CriticalPoint",
    "Crossing",
    "HysteresisLaw",
    "LevelPoint",
    "OptimumPoint",
    "PayloadAxis",
    "PayloadLaw",
    "PowerFit",
    "ScalingDesign",
    "TransitionPoint",
    "critical_law",
    "find_crossing",
    "fit_power",
    "hysteresis_law",
    "level_law",
    "optimum_law",
    "payload_law",
    "scaling_design",
    "transition_law",
]
