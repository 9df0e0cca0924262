"""Scaling laws: how many circuits fit as networks grow, measured, fitted and held against theory.

designs = [scaling_design("published"), scaling_design("three-links")]
law     = critical_law(designs, (800, 1600, 3200), Path("critical"))      resumes from the folder
"""

from ._beside import BUILT, built_errors, built_points, BuiltPoint
from ._comparison import compare_fits, Comparison
from ._contenders import Contender, contender, CONTENDERS, Expected, expected
from ._critical import critical_law, CriticalLaw, CriticalPoint
from ._crossing import Crossing, find_crossing
from ._designs import DESIGNS, scaling_design, ScalingDesign
from ._designs_law import check_designs, DesignFit, DesignPoint, designs_law, DesignsLaw
from ._exponents import (
    error_exponents,
    ErrorExponents,
    Exponent,
    ExponentFit,
    fit_exponents,
)
from ._fits import fit_power, PowerFit
from ._hysteresis import hysteresis_law, HysteresisLaw
from ._levels import level_law, LevelPoint
from ._optimum import optimum_law, OptimumPoint
from ._payload import PAYLOAD_DESIGNS, payload_law, PayloadAxis, PayloadLaw
from ._shares import EXPONENTS, share_law, ShareLaw, Shares, trained_shares
from ._trained import (
    check_trained,
    trained_errors,
    trained_law,
    TrainedLaw,
    TrainedPoint,
    weights_per_equation,
)
from ._transition import transition_law, TransitionPoint


__all__ = [
    "BUILT",
    "CONTENDERS",
    "DESIGNS",
    "EXPONENTS",
    "PAYLOAD_DESIGNS",
    "BuiltPoint",
    "Comparison",
    "Contender",
    "CriticalLaw",
    "CriticalPoint",
    "Crossing",
    "DesignFit",
    "DesignPoint",
    "DesignsLaw",
    "ErrorExponents",
    "Expected",
    "Exponent",
    "ExponentFit",
    "HysteresisLaw",
    "LevelPoint",
    "OptimumPoint",
    "PayloadAxis",
    "PayloadLaw",
    "PowerFit",
    "ScalingDesign",
    "ShareLaw",
    "Shares",
    "TrainedLaw",
    "TrainedPoint",
    "TransitionPoint",
    "built_errors",
    "built_points",
    "check_designs",
    "check_trained",
    "compare_fits",
    "contender",
    "critical_law",
    "designs_law",
    "error_exponents",
    "expected",
    "find_crossing",
    "fit_exponents",
    "fit_power",
    "hysteresis_law",
    "level_law",
    "optimum_law",
    "payload_law",
    "scaling_design",
    "share_law",
    "trained_errors",
    "trained_law",
    "trained_shares",
    "transition_law",
    "weights_per_equation",
]
