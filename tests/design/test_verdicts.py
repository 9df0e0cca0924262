"""What is said of a measured design: on both sides of every bound."""

from jaxsuper.design import meets, seizes


def test_growth_by_half_is_a_seizure():
    assert seizes(1.49) is False and seizes(1.51) is True
    assert seizes(0.0) is False and seizes(None) is None
    assert seizes(float("nan")) is True and seizes(float("inf")) is True


def test_a_target_is_met_by_two_standard_errors():
    assert meets(0.07, 0.01, 0.1) == "yes" and meets(0.13, 0.01, 0.1) == "no"
    # Within two standard errors of the target, on both sides, nothing is said.
    assert meets(0.081, 0.01, 0.1) == meets(0.119, 0.01, 0.1) == "open"
    assert meets(0.07, 0.02, 0.1) == meets(0.13, 0.02, 0.1) == "open"
    assert meets(0.07, 0.01, None) is None
    assert meets(float("nan"), float("nan"), 0.1) == "no"
