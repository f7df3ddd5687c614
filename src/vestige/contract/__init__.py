"""The contract of a technique: what it registers, what it is given, what it hands back."""

from vestige.contract.budget import Budget
from vestige.contract.context import Clock, Context
from vestige.contract.kinds import Kind
from vestige.contract.operation import (
    ForwardModel,
    Input,
    Inputs,
    Operation,
    Output,
    Session,
    Technique,
    required_axes,
)
from vestige.contract.product import Outcome, Picture, Product
from vestige.contract.recipe import Recipe, describe, setting

__all__ = [
    "Budget",
    "Clock",
    "Context",
    "ForwardModel",
    "Input",
    "Inputs",
    "Kind",
    "Operation",
    "Outcome",
    "Output",
    "Picture",
    "Product",
    "Recipe",
    "Session",
    "Technique",
    "describe",
    "required_axes",
    "setting",
]
