"""Steps as `optimize --step` takes them."""

from __future__ import annotations

import pytest
from tensorflow_optimizer.command_line.step_options import parse_steps
from tensorflow_optimizer.documents.job import (
    Distillation,
    Freeze,
    Identity,
    Packaging,
    Pruning,
    Strip,
    Student,
    StudentModel,
    StudentSize,
)
from tensorflow_optimizer.documents.quantization import LayerQuantization, Operation, Quantization, QuantizationRecovery
from tensorflow_optimizer.errors import BadInputError

GIVEN = [StudentModel(packaging=Packaging.FILE, file_name=f"{name}.keras", identity=Identity()) for name in "ab"]


def test_steps_are_those_of_the_job_in_their_order() -> None:
    texts = ["distillation:size=small,augment=false,temperature=2", "pruning:sparsity=0.8,schedule=atOnce", "strip"]
    assert parse_steps([*texts, "freeze", "dynamicRange"], []) == [
        Distillation(student=Student(size=StudentSize.SMALL), augment=False, temperature=2),
        Pruning(sparsity=0.8, schedule="atOnce"),
        Strip(),
        Freeze(),
        Quantization(mode="dynamicRange"),
    ]


def test_words_may_have_hyphens_as_elsewhere_on_a_command_line() -> None:
    hyphens = parse_steps(["pruning:sparsity=0.5,schedule=at-once", "full-integer"], [])
    assert hyphens == parse_steps(["pruning:sparsity=0.5,schedule=atOnce", "fullInteger"], [])


@pytest.mark.parametrize("recovery", QuantizationRecovery)
def test_full_integer_quantization_may_recover_what_it_loses(recovery: QuantizationRecovery) -> None:
    hyphens = {"withoutTraining": "without-training", "withTraining": "with-training"}[recovery]
    recovering = Quantization(mode="fullInteger", recover=recovery)
    assert parse_steps([f"full-integer:recover={hyphens}"], []) == [recovering]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("full-integer:recover=twice", "recover: Input should be 'withoutTraining' or 'withTraining', got 'twice'"),
        ("float16:recover=without-training", "there is no setting 'recover' (allowed: none)"),
    ],
)
def test_a_recovery_that_does_not_exist_is_refused(text: str, problem: str) -> None:
    with pytest.raises(BadInputError) as raised:
        parse_steps([text], [])
    assert problem in str(raised.value)


def test_kinds_of_layers_and_their_quantizations_have_the_names_of_job_json() -> None:
    (step,) = parse_steps(["mixed:*=dynamic_wi8_afp32,FULLY_CONNECTED=dynamic_wi4b32_afp32"], [])
    assert step == Quantization(
        mode="mixed",
        operations={
            Operation.ALL_SUPPORTED: LayerQuantization.DYNAMIC_WI8_AFP32,
            Operation.FULLY_CONNECTED: LayerQuantization.DYNAMIC_WI4B32_AFP32,
        },
    )


def test_students_go_to_the_distillations_without_a_size_in_their_order() -> None:
    steps = parse_steps(["distillation", "distillation:size=tiny", "distillation:epochs=3"], GIVEN)
    found = [step.student.given or step.student.size for step in steps if isinstance(step, Distillation)]
    assert found == [GIVEN[0], StudentSize.TINY, GIVEN[1]]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("quantize", "there is no such step; the steps are dynamic-range; float16"),
        ("", "there is no such step"),
        ("pruning", "sparsity: Field required"),
        ("pruning:sparsity=1.5", "sparsity: Input should be less than 1, got '1.5'"),
        ("pruning:sparsity=0.5,sparsity=0.6", "sparsity is given twice"),
        ("pruning:sparse=0.5", "there is no setting 'sparse' (allowed: sparsity, schedule, epochs)"),
        ("float16:mode=bfloat16", "there is no setting 'mode' (allowed: none)"),
        ("strip:step=freeze", "there is no setting 'step'"),
        ("mixed", "operations must be given for the mode mixed"),
        ("mixed:SOFTMAX=dynamic_wi8_afp32", "there is no setting 'SOFTMAX' (allowed: *, FULLY_CONNECTED, BATCH_MATMUL"),
        ("mixed:CONV_2D=int8", "Input should be 'no_quantize', 'weight_only_wi8_afp32'"),
        ("mixed:CONV_2D=dynamic_wi4b32_afp32", "int4 by blocks is for FULLY_CONNECTED only"),
        ("mixed:CONV_2D=no_quantize", "at least one of the operations must be quantized"),
        ("distillation:size=huge", "size: Input should be 'tiny', 'small' or 'medium', got 'huge'"),
        ("distillation", "without a size: 1, models given as --student: 0"),
    ],
)
def test_an_unknown_step_is_reported_with_the_allowed_ones(text: str, sentence: str) -> None:
    with pytest.raises(BadInputError) as caught:
        parse_steps([text], [])
    assert sentence in str(caught.value)


def test_all_problems_are_reported_at_once() -> None:
    with pytest.raises(BadInputError) as caught:
        parse_steps(["pruning:sparsity=2", "shrink", "distillation:size=tiny"], GIVEN[:1])
    for part in ("less than 1", "--step shrink", "without a size: 0, models given as --student: 1"):
        assert part in str(caught.value)
