"""Flags that the installed XLA lacks are left out: it would abort at one of them."""

from .xla_flags import flags, known


def test_unknown_flags_are_left_out():
    there = "xla_force_host_platform_device_count=2"
    assert known(["xla_cpu_no_such_flag=1", "xla_force_host_platform=2", there]) == [there]
    assert flags(2).endswith(f"--{there}") and "device_count" not in flags()
