"""The summary of a submission: codes in words, and nothing that somebody wrote."""

from __future__ import annotations

import copy
import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml

from plr.domain.codes import Codes, Regions
from plr.domain.documents import Row, SummaryFields
from plr.domain.statutory import ClockFact
from plr.domain.submissions import Submission
from plr.domain.summary import review_of, summarise

CONFIG = Path(__file__).parents[2] / "config"
CODES = Codes.from_mapping(yaml.safe_load((CONFIG / "review_codes.yaml").read_text(encoding="utf-8")))
REGIONS = Regions.from_mapping(yaml.safe_load((CONFIG / "regions.yaml").read_text(encoding="utf-8")))
CONTENT: dict[str, Any] = {
    "external_ref": "canary-reference",
    "nation": "england",
    "region": "E12000004",
    "submitted_by": "canary-address@example.org",
    "capacity": "scrutineer",
    "stage": "decided",
    "event": {
        "kind": "serious_harm",
        "children": 2,
        "age_band": "<1",
        "harm": ["physical", "self_harm"],
        "looked_after": False,
        "child_protection_plan": True,
        "known_to_agencies": True,
    },
    "clock": {
        "wd_aware_to_notify": 4,
        "wd_notify_to_rapid_review": 1,
        "days_decision_to_publication": 200,
        "reason_for_delay": "canary delay",
    },
    "criteria": [
        {"code": "reg11-b", "finding": "may_be", "reason": "canary criterion"},
        {"code": "reg11-c", "reason": "canary without finding"},
    ],
    "options": [
        {"route": "LCSPR", "chosen": True, "reason": "canary option"},
        {"route": "NO_FURTHER_ACTION", "chosen": False, "reason": "canary other"},
    ],
    "decision": {
        "by_role": "safeguarding_partners",
        "unanimous": False,
        "dissent": [{"role": "canary role", "view": "canary view", "resolved": "canary resolved"}],
        "scrutineer_view": "alternative",
        "legal_advice": True,
        "panel_view": "asks_more",
    },
    "rationale": {
        "learning_already_known": "partly",
        "recurrent_theme": True,
        "immediate_learning_acted_on": False,
        "proportionate": True,
    },
    "method": {"methodology": "SILP", "reviewer": "not_yet", "questions": ["canary question"]},
    "involvement": {"family": "informed", "how": "canary how", "practitioners": "canary practitioners"},
    "parallel_processes": ["criminal"],
    "themes": ["information-sharing", "early-help"],
    "narrative": "canary narrative",
}


def summary_of(content: dict[str, Any], clocks: tuple[ClockFact, ...] = ()) -> SummaryFields:
    return summarise(
        Submission.from_content(content, CODES),
        reference="PLR-R-2027-009",
        logged_on=date(2027, 6, 1),
        codes=CODES,
        regions=REGIONS,
        clocks=clocks,
    )


def test_nothing_that_somebody_wrote_is_in_a_summary() -> None:
    assert "canary" not in json.dumps(summary_of(CONTENT).to_mapping())


def test_every_coded_field_is_there_in_words() -> None:
    fields = summary_of(CONTENT)
    assert fields.event == (
        Row("What happened", "A child was seriously harmed"),
        Row("Children", "2"),
        Row("Age", "<1"),
        Row("Harm", "Physical, Self harm"),
        Row("Looked after", "No"),
        Row("Child protection plan", "Yes"),
        Row("Known to agencies", "Yes"),
    )
    assert fields.decision == (
        Row("Decided by", "Safeguarding partners"),
        Row("Unanimous", "No"),
        Row("Other views recorded", "1"),
        Row("Scrutineer's view", "Prefers another route"),
        Row("Legal advice taken", "Yes"),
        Row("National Panel's view", "Asks for more"),
    )
    assert fields.criteria == (
        Row("Recurrent themes", "May be met"),
        Row("Concern about two or more agencies working together", "Not given"),
    )
    assert fields.options == (
        Row("Local child safeguarding practice review", "Chosen"),
        Row("No further action", "Not chosen"),
    )
    assert fields.times == (
        Row("From knowing to notifying", "4 working days"),
        Row("From notifying to the rapid review", "1 working day"),
        Row("From the decision to publication", "200 days"),
    )
    assert fields.rationale == (
        Row("Learning already known", "Partly"),
        Row("A recurrent theme", "Yes"),
        Row("Immediate learning acted on", "No"),
        Row("Proportionate", "Yes"),
    )
    assert fields.method == (
        Row("Method", "Significant incident learning process"),
        Row("Reviewer", "Not yet"),
        Row("Family", "Informed"),
    )
    assert fields.parallel_processes == ("Criminal",)
    assert fields.themes == ("Information sharing", "Early help")
    assert fields.submitted_as == "Scrutineer"


def test_the_review_is_named_by_nation_region_and_type() -> None:
    review = review_of(Submission.from_content(CONTENT, CODES), reference="PLR-R-2027-009", regions=REGIONS)
    assert (review.nation, review.region) == ("England", "East Midlands")
    assert review.type == "Local child safeguarding practice review"
    assert not review.pending


def test_a_decision_still_to_be_taken_has_routes_that_are_weighed() -> None:
    options = [{"route": "LCSPR", "chosen": False}]
    fields = summary_of(CONTENT | {"stage": "pending", "options": options})
    assert fields.review.type == "Decision pending"
    assert fields.review.pending
    assert fields.options == (Row("Local child safeguarding practice review", "Being weighed"),)


def test_statutory_times_are_shown_in_context_when_they_are_known() -> None:
    fact = ClockFact(
        "en-rr", "From telling the Panel to the rapid review", "12 working days late", "late", 12, "", ""
    )
    assert summary_of(CONTENT, (fact,)).times == (
        Row("From telling the Panel to the rapid review", "12 working days late"),
    )


def test_a_submission_with_the_required_fields_alone_has_a_summary() -> None:
    required = ("external_ref", "nation", "region", "submitted_by", "capacity", "stage")
    fields = summary_of({name: CONTENT[name] for name in required})
    assert fields.review.type == "Route not given"
    assert (fields.event, fields.decision, fields.criteria, fields.options) == ((), (), (), ())
    assert (fields.times, fields.rationale, fields.method, fields.themes) == ((), (), (), ())


@pytest.mark.parametrize(
    "path",
    [
        ("capacity",),
        ("event", "age_band"),
        ("event", "kind"),
        ("decision", "by_role"),
        ("rationale", "learning_already_known"),
        ("method", "methodology"),
        ("involvement", "family"),
    ],
)
@pytest.mark.parametrize("text", ["Two words", "{{ x }}", "a\nb", "", "x" * 70])
def test_text_where_a_code_belongs_is_refused(path: tuple[str, ...], text: str) -> None:
    content = copy.deepcopy(CONTENT)
    inner = content
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = text
    with pytest.raises(ValueError, match="holds codes only"):
        summary_of(content)


def test_a_stored_summary_comes_back_as_it_was() -> None:
    fields = summary_of(CONTENT)
    assert SummaryFields.from_mapping(json.loads(json.dumps(fields.to_mapping()))) == fields
