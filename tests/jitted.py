"""Library functions under one jit each: eagerly every operation is a program of its own."""

import equinox as eqx
from jaxsuper import network, simulation


forward = eqx.filter_jit(simulation.forward)
dense_forward = eqx.filter_jit(simulation.dense_forward)
dense_layers = eqx.filter_jit(network.dense_layers)
sample_inputs = eqx.filter_jit(simulation.sample_inputs)
