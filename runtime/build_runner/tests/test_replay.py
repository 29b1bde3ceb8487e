"""A new version answers captured requests before callers are sent to it."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any

import pytest
from botocore.stub import Stubber
from index import on_event
from model_builds import aws
from model_builds.checks import captured_requests as captures
from model_builds.checks import version_check
from model_builds.checks.captured_requests import newest_captures
from model_builds.checks.replayed_answers import ReplayedAnswers
from model_builds.errors import BusyAccountError, ModelError
from published_models import BUCKET
from test_version_check import ASKED, answers, described, event, function, http, zeros

if TYPE_CHECKING:
    from conftest import Clock
    from mypy_boto3_s3 import S3Client

__all__ = ["function"]

PREDICT = "/v1/models/digits:predict"


def capture(number: int, scores: Any = (0.1, 0.8, 0.1), **members: Any) -> dict[str, Any]:
    return {
        "schemaVersion": 1,
        "time": f"2026-11-28T08:30:{number:02}Z",
        "modelName": "digits",
        "modelVersion": 1,
        "signatureName": "serving_default",
        "request": {"instances": [number]},
        "answer": {"predictions": [list(scores)]},
        **members,
    }


def store(s3: S3Client, hour: str, *given: Any) -> None:
    text = "".join((entry if isinstance(entry, str) else json.dumps(entry)) + "\n" for entry in given)
    s3.put_object(Bucket=BUCKET, Key=f"digits/{hour}/stream-1.jsonl.gz", Body=gzip.compress(text.encode()))


def asked(**limits: Any) -> dict[str, Any]:
    replay = json.dumps({"requests": 10, **limits})
    return ASKED | {"Replay": replay, "CaptureBucket": BUCKET, "ModelVersion": "2"}


def replies(function: Stubber, number: int, status: int, body: Any) -> None:
    answers(function, event("POST", PREDICT, {"instances": [number]}), http(status, body))


@pytest.fixture(autouse=True)
def _no_version_has_answered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(version_check, "_answered", set())


def begins(function: Stubber) -> None:
    described(function)
    answers(function, zeros(), http(200, {"outputs": [[1.0, 0.0, 0.0]]}))


class TestReplay:
    def test_a_version_that_decides_alike_serves(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1), capture(2))
        begins(function)
        for number in (2, 1):
            replies(function, number, 200, {"predictions": [[0.2, 0.7, 0.1]]})
        version_check.check_version(asked(maxDisagreement=0))

    def test_a_version_that_decides_otherwise_ends_the_deployment_with_the_worst_cases(
        self, function: Stubber, s3: S3Client
    ) -> None:
        store(s3, "2026/11/28/08", capture(1), capture(2))
        begins(function)
        replies(function, 2, 200, {"predictions": [[0.7, 0.2, 0.1]]})
        replies(function, 1, 200, {"predictions": [[0.2, 0.7, 0.1]]})
        with pytest.raises(ModelError) as failure:
            version_check.check_version(asked(maxDisagreement=0.4))
        for part in (
            "version 7 of the function answers captured requests differently",
            "1 of 2 decisions (0.5) differ, at most 0.4 may",
            "of 2026-11-28T08:30:02Z, answered by version 1: row 0 of 'scores' was 1 (0.8), is 0 (0.7)",
            "Callers keep the version that they had",
            "replay.acceptVersion '2'",
        ):
            assert part in str(failure.value)

    @pytest.mark.parametrize(("endpoint", "who"), [("service", "The pods"), ("fleet", "The instances")])
    def test_the_sentence_about_a_service_or_a_fleet_names_the_model_s_version_and_who_keeps_theirs(
        self, function: Stubber, s3: S3Client, endpoint: str, who: str
    ) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        replies(function, 1, 200, {"predictions": [[0.7, 0.2, 0.1]]})
        with pytest.raises(ModelError) as failure:
            version_check.check_version(asked(maxDisagreement=0) | {"Endpoint": endpoint})
        sentence = str(failure.value)
        assert sentence.startswith("version 2 of the model answers captured requests differently from the versions")
        assert f"{who} keep the version that they had. If the new answers are better, deploy with" in sentence
        assert sentence.endswith("replay.acceptVersion '2'")
        assert "function" not in sentence

    @pytest.mark.parametrize("endpoint", ["service", "fleet"])
    def test_golden_requests_are_asked_before_pods_or_instances_change_too(
        self, function: Stubber, s3: S3Client, endpoint: str
    ) -> None:
        described(function)
        answers(function, zeros(), http(500, {"error": "the function failed"}))
        who = {"service": "the pods", "fleet": "the instances"}[endpoint]
        with pytest.raises(ModelError) as failure:
            version_check.check_version(asked(maxDisagreement=0) | {"Endpoint": endpoint})
        assert str(failure.value) == (
            "version 2 of the model does not answer (500, the function failed): "
            f"{who} keep the version that they had; the log of the function that replay asks has more"
        )

    def test_requests_of_pods_by_grpc_are_sent_by_rest_in_columns(self, function: Stubber, s3: S3Client) -> None:
        request = {"signature_name": "serving_default", "inputs": {"image": [[[0, 0, 0], [0, 0, 0]]], "flip": [True]}}
        store(s3, "2026/11/28/08", capture(1, request=request, answer={"outputs": [[0.1, 0.8, 0.1]]}))
        begins(function)
        answers(function, event("POST", PREDICT, request), http(200, {"outputs": [[0.7, 0.2, 0.1]]}))
        with pytest.raises(ModelError, match=r"1 of 1 decisions \(1\) differ.*row 0 of 'scores' was 1 \(0\.8\)"):
            version_check.check_version(asked(maxDisagreement=0) | {"Endpoint": "fleet"})

    @pytest.mark.fault
    def test_captured_requests_that_may_not_be_read_end_the_deployment_after_a_minute(
        self, function: Stubber, clock: Clock
    ) -> None:
        begins(function)
        check = {"StackId": "s", "LogicalResourceId": "r", "RequestType": "Create"}
        with Stubber(aws.s3()) as denied:
            for _ in range(20):
                denied.add_client_error("list_objects_v2", "AccessDenied", "no")
            with pytest.raises(ModelError) as failure:
                on_event(check | {"ResourceProperties": asked(maxDisagreement=0) | {"Mode": "version_check"}}, None)
        assert str(failure.value) == "ListObjectsV2 failed: AccessDenied: no"
        assert sum(clock.slept) == pytest.approx(60)

    def test_a_number_that_is_too_far_off_ends_the_deployment(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1, (3.0, 4.0, 0.0)))
        begins(function)
        replies(function, 1, 200, {"predictions": [[3.0, 4.5, 0.0]]})
        with pytest.raises(ModelError, match=r"the relative error is 0\.1, at most 0\.05 is allowed"):
            version_check.check_version(asked(maxRelativeError=0.05))

    @pytest.mark.fault
    def test_a_limit_of_decisions_that_no_answer_has_ends_the_deployment(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1, [0.01]), capture(2, [0.02]))
        begins(function)
        for number in (2, 1):
            replies(function, number, 200, {"predictions": [[0.99]]})
        with pytest.raises(ModelError) as failure:
            version_check.check_version(asked(maxDisagreement=0.05))
        assert str(failure.value) == (
            "replay.maxDisagreement says nothing about version 7 of the function: the recorded answers to 2 captured "
            "requests decide nothing, because they have no output with several numbers. Callers keep the version that "
            "they had. Give replay.maxRelativeError, which limits numbers"
        )

    def test_a_version_whose_answers_decide_nothing_is_accepted_by_name(
        self, function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store(s3, "2026/11/28/08", capture(1, [0.01]))
        begins(function)
        replies(function, 1, 200, {"predictions": [[0.99]]})
        version_check.check_version(asked(maxDisagreement=0.05, acceptVersion="2"))
        assert "is accepted by acceptVersion, although replay.maxDisagreement says" in capsys.readouterr().out

    def test_where_answers_decide_nothing_both_limits_compare_numbers_and_count_refused_rows(
        self, function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store(s3, "2026/11/28/08", *(capture(number, [0.5]) for number in range(10)))
        begins(function)
        replies(function, 9, 400, {"error": "no such input"})
        for number in range(8, -1, -1):
            replies(function, number, 200, {"predictions": [[0.5]]})
        version_check.check_version(asked(maxDisagreement=0.1, maxRelativeError=0.4))
        assert "1 of 10 rows (0.1) differ, relative error 0.316" in capsys.readouterr().out

    def test_a_version_is_accepted_by_name(
        self, function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        replies(function, 1, 200, {"predictions": [[0.7, 0.2, 0.1]]})
        version_check.check_version(asked(maxDisagreement=0, acceptVersion="2"))
        assert "is accepted by acceptVersion, although 1 of 1 decisions (1) differ" in capsys.readouterr().out

    def test_another_version_is_not_accepted_by_that_name(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        replies(function, 1, 200, {"predictions": [[0.7, 0.2, 0.1]]})
        with pytest.raises(ModelError, match="differ, at most 0 may"):
            version_check.check_version(asked(maxDisagreement=0, acceptVersion="1"))

    @pytest.mark.parametrize("status", [400, 500])
    def test_a_request_without_an_answer_disagrees(self, function: Stubber, s3: S3Client, status: int) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        replies(function, 1, status, {"error": "no such input"})
        with pytest.raises(ModelError, match=rf"1 of 1 decisions .*refused \({status}, no such input\)"):
            version_check.check_version(asked(maxDisagreement=0.5))

    def test_a_signature_that_is_gone_disagrees(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1, signatureName="other"))
        begins(function)
        replies(function, 1, 400, {"error": "unknown signature_name"})
        with pytest.raises(ModelError, match="relative error is 1,"):
            version_check.check_version(asked(maxRelativeError=0.5))

    def test_without_captured_requests_the_log_says_so(
        self, function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store(s3, "2026/11/28/08", capture(1, modelVersion=2))
        begins(function)
        version_check.check_version(asked(maxDisagreement=0))
        assert (
            "no captured requests that another version answered: the golden requests alone" in capsys.readouterr().out
        )

    def test_nothing_is_replayed_to_a_version_that_a_delivery_goes_back_to(
        self, function: Stubber, s3: S3Client, capsys: pytest.CaptureFixture[str]
    ) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        version_check.check_version(asked(maxDisagreement=0) | {"Serve": '[{"bucket": "b", "manifestKey": "k"}]'})
        assert "goes back to a version that was live" in capsys.readouterr().out

    def test_an_upload_of_a_delivery_is_replayed_to(self, function: Stubber, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        replies(function, 1, 200, {"predictions": [[0.7, 0.2, 0.1]]})
        with pytest.raises(ModelError, match="differ, at most 0 may"):
            version_check.check_version(asked(maxDisagreement=0) | {"Serve": "built"})

    def test_there_is_an_end_of_the_time(
        self, function: Stubber, s3: S3Client, clock: Clock, monkeypatch: pytest.MonkeyPatch, capsys: Any
    ) -> None:
        store(s3, "2026/11/28/08", *map(capture, range(1, 9)))
        begins(function)
        for number in (8, 7, 6):
            replies(function, number, 200, {"predictions": [[0.2, 0.7, 0.1]]})
        invoke = version_check._invoke

        def slowly(*args: Any) -> Any:
            clock.now += 25
            return invoke(*args)

        monkeypatch.setattr(version_check, "_invoke", slowly)
        version_check.check_version(asked(maxDisagreement=0))
        assert "answered 3 of 8 captured requests; there is no time for more" in capsys.readouterr().out

    def test_golden_requests_are_not_sent_again_while_the_account_is_busy(
        self, function: Stubber, s3: S3Client, clock: Clock
    ) -> None:
        store(s3, "2026/11/28/08", capture(1))
        begins(function)
        for _ in range(13):
            function.add_client_error("invoke", "TooManyRequestsException", "Rate Exceeded.")
        with pytest.raises(BusyAccountError):
            version_check.check_version(asked(maxDisagreement=0))
        described(function)
        replies(function, 1, 200, {"predictions": [[0.2, 0.7, 0.1]]})
        version_check.check_version(asked(maxDisagreement=0))


class TestCaptures:
    def newest(self, limit: int = 10) -> list[int]:
        found = newest_captures(BUCKET, "digits", limit, except_version="2")
        return [entry["request"]["instances"][0] for entry in found]

    def test_the_newest_come_first_and_no_more_than_asked_for(self, s3: S3Client) -> None:
        store(s3, "2025/12/31/23", capture(1), capture(2))
        store(s3, "2026/01/01/00", capture(3), capture(4))
        assert self.newest() == [4, 3, 2, 1]
        assert self.newest(3) == [4, 3, 2]

    def test_other_models_lines_and_objects_are_left_out(self, s3: S3Client) -> None:
        others = ["", "no JSON", "[]", "{}", "[" * 100_000, json.dumps(capture(9, schemaVersion=2))]
        store(s3, "2026/11/28/08", *others, capture(5, answer={"outputs": []}), capture(6, modelVersion=2), capture(1))
        s3.put_object(Bucket=BUCKET, Key="digits/2026/11/28/09/x", Body=b"not compressed")
        damaged = gzip.compress(json.dumps(capture(8)).encode())[:10] + b"\xff" * 40
        s3.put_object(Bucket=BUCKET, Key="digits/2026/11/28/09/y", Body=damaged)
        s3.put_object(
            Bucket=BUCKET, Key="digits-2/2026/11/28/08/x", Body=gzip.compress(json.dumps(capture(7)).encode())
        )
        assert self.newest() == [1]

    def test_an_object_that_expires_while_others_are_read_is_left_out(
        self, s3: S3Client, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        for hour in (7, 8, 9):
            store(s3, f"2026/11/28/{hour:02}", capture(hour))
        listed = list(captures._newest(BUCKET, "digits/"))
        monkeypatch.setattr(captures, "_newest", lambda *_: iter(listed))
        s3.delete_object(Bucket=BUCKET, Key="digits/2026/11/28/08/stream-1.jsonl.gz")
        assert self.newest() == [9, 7]

    def test_several_on_a_line_are_read_up_to_a_broken_one(self, s3: S3Client) -> None:
        joined = json.dumps(capture(1)) + json.dumps(capture(2)) + " " + json.dumps(capture(3))
        store(s3, "2026/11/28/08", joined, joined + "{" + json.dumps(capture(4)))
        assert self.newest() == [3, 2, 1, 3, 2, 1]
        assert self.newest(2) == [3, 2]

    def test_no_more_than_50_objects_are_read(
        self, s3: S3Client, clock: Clock, capsys: pytest.CaptureFixture[str]
    ) -> None:
        for number in range(52):
            store(s3, f"2026/11/28/{number:02}", capture(number % 60))
        assert len(self.newest(100)) == 50
        assert "the newest 50 objects" in capsys.readouterr().out

    def test_a_single_row_is_sent_as_rows(self, s3: S3Client) -> None:
        store(s3, "2026/11/28/08", capture(1, request={"data": 8}, answer={"prediction": [1.0]}))
        (found,) = newest_captures(BUCKET, "digits", 1, except_version="2")
        assert (found["request"], found["answer"]) == ({"instances": [8]}, {"predictions": [[1.0]]})


class TestComparison:
    def compared(self, old: Any, new: Any, **outputs: bool) -> ReplayedAnswers:
        found = ReplayedAnswers(outputs or {"scores": True})
        found.add(capture(1, answer=old), new)
        return found

    def test_each_row_is_a_decision(self) -> None:
        found = self.compared({"predictions": [[1, 2], [2, 1]]}, {"predictions": [[1, 3], [1, 2]]})
        assert (found.disagreements, found.decisions) == (1, 2)

    def test_columns_are_rows_where_dimension_0_is_the_batch(self) -> None:
        old, new = {"outputs": [[1, 2], [2, 1]]}, {"outputs": [[1, 3], [1, 2]]}
        assert self.compared(old, new).decisions == 2
        assert self.compared(old, new, scores=False).decisions == 1

    def test_outputs_have_decisions_of_their_own(self) -> None:
        old = {"predictions": [{"a": [1, 2], "b": [1, 2]}]}
        found = self.compared(old, {"predictions": [{"a": [1, 2], "b": [2, 1]}]}, a=True, b=True)
        assert (found.disagreements, found.decisions) == (1, 2)
        assert found.worst_cases[0].endswith("row 0 of 'b' was 1 (2), is 0 (2)")

    def test_one_number_is_no_decision(self) -> None:
        found = self.compared({"predictions": [[2.0]]}, {"predictions": [[1.0]]})
        assert (found.decisions, found.relative_error) == (0, 0.5)

    @pytest.mark.parametrize(
        "new", [{"predictions": [[1, 2, 3]]}, {"predictions": []}, {"predictions": [["a", "b"]]}, {}, [], None]
    )
    def test_another_form_disagrees(self, new: Any) -> None:
        found = self.compared({"predictions": [[1, 2]]}, new)
        assert (found.disagreement, found.relative_error) == (1, 1)

    def test_not_a_number_disagrees(self) -> None:
        found = self.compared({"predictions": [[1, 2]]}, {"predictions": [[float("nan"), 2]]})
        assert (found.disagreement, found.relative_error) == (1, 1)

    @pytest.mark.parametrize("number", [float("nan"), float("inf"), float("-inf")])
    def test_an_answer_recorded_without_a_number_hides_no_difference_of_others(self, number: float) -> None:
        found = ReplayedAnswers({"scores": True})
        for old, new in (([number, 1.0], [number, 1.0]), ([2.0, 1.0], [5.0, 1.0]), ([number, 1.0], [0.5, 1.0])):
            found.add(capture(1, answer={"predictions": [old]}), {"predictions": [new]})
        # 3 of the second request, and the whole of the third, which had no number there.
        assert found.relative_error == pytest.approx(((9 + 1) / (1 + 5 + 1)) ** 0.5)
        assert found.disagreements == 1

    def test_not_a_number_is_never_the_greatest(self) -> None:
        old = {"predictions": [[float("nan"), 1, 2]]}
        found = self.compared(old, {"predictions": [[float("nan"), 2, 1]]})
        assert found.worst_cases[0].endswith("was 2 (2), is 1 (2)")

    def test_texts_must_be_equal(self) -> None:
        old = {"predictions": ["cat"]}
        assert self.compared(old, {"predictions": ["cat"]}).disagreements == 0
        assert self.compared(old, {"predictions": ["dog"]}).worst_cases[0].endswith("must be cat, is dog")
