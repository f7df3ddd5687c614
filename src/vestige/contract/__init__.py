"""The contract of a technique: what it registers, what it is given, what it hands back."""

from vestige.contract.budget import Budget
from vestige.contract.chain import Chain, load_chain, run_chain
from vestige.contract.context import Clock, Context
from vestige.contract.kinds import Kind
from vestige.contract.operation import (
    ForwardModel,
    Input,
    Inputs,
    Operation,
    Output,
    Refining,
    Session,
    Technique,
    required_axes,
)
from vestige.contract.product import Outcome, Picture, Product
from vestige.contract.recipe import Recipe, describe, setting
from vestige.contract.registry import register, technique, unregister
from vestige.contract.report import Report, load_report
from vestige.contract.runner import execute
from vestige.contract.simulate import simulate
from vestige.contract.source import open_inputs, open_product
from vestige.contract.stream import Live, Patch, Piece, Refused, Splitter, Stream
from vestige.contract.validate import validate

__all__ = [
    "Budget",
    "Chain",
    "Clock",
    "Context",
    "ForwardModel",
    "Input",
    "Inputs",
    "Kind",
    "Live",
    "Operation",
    "Outcome",
    "Output",
    "Patch",
    "Picture",
    "Piece",
    "Product",
    "Recipe",
    "Refining",
    "Refused",
    "Report",
    "Session",
    "Splitter",
    "Stream",
    "Technique",
    "describe",
    "execute",
    "load_chain",
    "load_report",
    "open_inputs",
    "open_product",
    "register",
    "required_axes",
    "run_chain",
    "setting",
    "simulate",
    "technique",
    "unregister",
    "validate",
]
