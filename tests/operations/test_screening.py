from datetime import date
from pathlib import Path
from time import process_time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plr.domain.codes import Codes, Regions
from plr.domain.submissions import Submission, validate
from plr.errors import InvalidConfigError, TooLargeError
from plr.operations.screening import Finding, Kind, ScreenWords, screen, screen_key, screen_submission
from plr.reading import read_document, read_file

CONFIG = Path(__file__).parents[2] / "config"
WORDS = ScreenWords.from_mapping(read_file(CONFIG / "screening.yaml").data)
CODES = Codes.from_mapping(read_file(CONFIG / "review_codes.yaml").data)
REGIONS = Regions.from_mapping(read_file(CONFIG / "regions.yaml").data)


def submission(text: str | bytes) -> Submission:
    document = read_document(text)
    return validate(document.data, CODES, REGIONS, today=date(2027, 1, 4), line_of=document.line_of)


def kinds(text: str) -> list[Kind]:
    return [finding.kind for finding in screen(f"he said {text} and left", WORDS)]


# 943 476 5919: 9*10+4*9+3*8+4*7+7*6+6*5+5*4+9*3+1*2 = 299, 299 mod 11 = 2, 11-2 = 9.
# 320 000 0079: 3*10+2*9+7*2 = 62, 62 mod 11 = 7, 11-7 = 4, so the check digit of 320 000 007 is 4.
# 010211 000 for CHI: 1*9+2*7+1*6+1*5 = 34, 34 mod 11 = 1, 11-1 = 10, which is never issued;
# 010211 001: 34+1*2 = 36, 36 mod 11 = 3, 11-3 = 8.
FOUND = {
    Kind.NHS: [
        "943 476 5919",
        "9434765919",
        "943-476-5919",
        "943.476.5919",
        "943 - 476 - 5919",
        "943/476/5919",
        "9 4 3 4 7 6 5 9 1 9",
        "943\u200b476\u200d5919",
        "\uff19\uff14\uff13 \uff14\uff17\uff16 \uff15\uff19\uff11\uff19",
        "943\u2013476\u20115919",
        "943\n476\n5919",
        "no.9434765919",
        "2 943 476 5919",
        "٩٤٣ ٤٧٦ ٥٩١٩",
        "943\u00a0476\u20095919",
        "9434\u00ad765919",
    ],
    Kind.HEALTH_AND_CARE: ["320 000 0074", "3200000074"],
    Kind.CHI: ["010211 0018", "0102110018"],
    Kind.UPN: ["B801200005001", "b 801 2000 05 001", "B-801-2000-05001"],
    Kind.NATIONAL_INSURANCE: ["AB123456C", "ab 12 34 56 c", "AB-12-34-56-C", "AB 12 34 56"],
    Kind.EMAIL: [
        "jo@example.org",
        "jo @ example . org",
        "jo.b+c@sub.example.co.uk",
        "jo (at) example.org",
        "jo at example dot org",
    ],
    Kind.PHONE: [
        "0117 496 0000",
        "(0117) 496 0000",
        "0117-496-0000",
        "01174960000",
        "+44 117 496 0000",
        "+44 (0)117 496 0000",
        "0044 7700 900 123",
        "07700 900123",
        "+33 1 42 68 53 00",
    ],
    Kind.POSTCODE: [
        "SW1A 1AA",
        "SW1A1AA",
        "sw1a 1aa",
        "SW1A-1AA",
        "M1 1AE",
        "b33 8th",
        "CR2 6XH",
        "DN55 1PT",
        "S W 1 A 1 A A",
        "SW1A\n1AA",
    ],
    Kind.DATE: [
        "3 May 2021",
        "3rd of May 2021",
        "3rd May, 2021",
        "03/05/2021",
        "3.5.21",
        "3-5-2021",
        "2021-05-03",
        "2021/5/3",
        "May 3, 2021",
        "3-May-21",
        "03May2021",
        "the third of May",
        "twenty-first of June",
        "May the 3rd",
        "3 Mai 2021",
        "03052021",
        "20210503",
        "03 05 2021",
        "3 \u200bMay 2021",
        "2021 May 3",
        "3 May",
        "Monday 3 May",
        "3 may 2021",
        "5/13/2021",
    ],
    Kind.LONG_NUMBER: ["123456", "12 34 56", "12-34-56", "12.34.56", "1 2 3 4 5 6", "1234567890123"],
    Kind.REFERENCE: [
        "ZW21C00123",
        "ZW 21 C 00123",
        "T20217089",
        "42/12345/21",
        "[2021] EWFC 12",
        "[2021] UKSC 3",
        "crime reference 42/abc1",
        "crime ref: AB12",
        "Case number LS21C1",
        "01AB1234522",
        "CR/12345/21",
        "log no. 17",
    ],
    Kind.TITLE: [
        "Mr Smith",
        "mrs jones",
        "Dr. O'Brien",
        "Ms A. Patel",
        "MR SMITH",
        "PC Jones",
        "Miss\nLi Wei",
        "Prof Müller",
        "Cllr Ode",
    ],
    Kind.ROLE: [
        "mother Sarah",
        "the mother, Sarah, said",
        "Siân\u2019s mother",
        "social worker Amy",
        "her brother Jack",
        "a boy called Liam",
        "Stepfather: Dean",
        "known as Lily",
        "foster carer (Ann)",
        "the grandparents and baby Noor",
    ],
    Kind.PLACE: [
        "Greenfield Primary School",
        "St Mary's Hospital",
        "Greenfield school",
        "12 Elm Street",
        "Oakwood Academy",
        "The Oaks Surgery",
        "Alder Hey Children's Hospital",
        "GREENFIELD SCHOOL",
        "Holly Lodge Medical Centre",
    ],
    Kind.AUTHORITY: [
        "Hackney",
        "hackney",
        "in Reading",
        "Reading Council",
        "Ynys Môn",
        "Ynys Mon",
        "Bristol",
        "City of Bristol",
        "tower hamlets",
        "Kings Lynn and West Norfolk",
        "King\u2019s Lynn and West Norfolk",
        "St Helens",
        "St. Helens",
        "Stoke on Trent",
        "Stoke-on-Trent",
        "Rhondda Cynon Taf",
        "West Northamptonshire",
        "Devon",
    ],
}


@pytest.mark.parametrize(("kind", "text"), [(kind, text) for kind, texts in FOUND.items() for text in texts])
def test_a_possible_identifier_is_found_in_any_spelling(kind: Kind, text: str) -> None:
    assert kinds(text) == [kind]


@pytest.mark.parametrize(
    "text",
    [
        "Working Together 2023",
        "2019-2020 and 2023/24",
        "2021, 2022 and 2023",
        "In March 2027 the board met",
        "May 2021",
        "27 of 15 working days",
        "aged 1-5, 6-10 or 11-15",
        "SI 2018/789 reg 11",
        "CDR-2027-0001 and PLR-R-2027-04",
        "Child A and Mother B met Dr X",
        "the school and the hospital agreed",
        "At School the child was seen",
        "Primary School staff",
        "the Children's Hospital",
        "the GP Practice",
        "a Child Protection Plan",
        "the child may have",
        "Reading the file helped",
        "they bury the lead",
        "a rugby club",
        "partner agencies",
        "the Health Visitor and Social Worker met",
        "the 3 may have met",
        "section 4.1 of the terms",
        "Family Court proceedings",
        "the mother. Services then",
        "NHS England",
        "Ofsted's inspector",
        "The Panel's chair",
        "the child's mother",
        "from 9 to 5 as usual",
        "three rivers",
        "WD14",
        "100,000 children",
        "24/7 cover",
        "Local Child Safeguarding Practice Review",
        "Police Officer attended",
        "Father and Mother",
        "social worker in the South West",
        "a SILP and a CAMHS clinic",
        "the Welsh Government",
        "miss the point",
        "Learning Review Panel Chair",
        "Yorkshire and The Humber",
        "the North East",
        "Northern Ireland",
        "1 in 4",
        "3.5 days",
        "a ratio of 1:2",
    ],
)
def test_ordinary_words_raise_no_false_alarm(text: str) -> None:
    assert kinds(text) == []


@pytest.mark.parametrize("file", sorted((CONFIG / "samples").glob("*.yaml")), ids=lambda file: file.stem)
def test_the_samples_raise_no_false_alarm(file: Path) -> None:
    assert screen_submission(submission(file.read_bytes()), WORDS) == []


def test_the_sample_with_identifiers_is_refused_field_by_field_without_repeating_them() -> None:
    text = (CONFIG / "samples" / "refused" / "nhs-number-in-narrative.yaml").read_bytes()
    assert [problem.sentence("bad.yaml") for problem in screen_submission(submission(text), WORDS)] == [
        "bad.yaml:9: criteria[0].reason: may hold an NHS number. Take it out, or put it in other words.",
        "bad.yaml:13: narrative: may hold a full date. Take it out, or put it in other words.",
        "bad.yaml:13: narrative: may hold a postcode. Take it out, or put it in other words.",
    ]


def test_the_line_is_counted_in_the_text_as_it_was_typed() -> None:
    text = "one\r\n\u200btwo \ufdfa\nthree 943 476\r5919\n\nsix: 3 May 2021, SW1A 1AA"
    assert screen(text, WORDS) == [
        Finding(Kind.NHS, 3),
        Finding(Kind.DATE, 6),
        Finding(Kind.POSTCODE, 6),
    ]
    assert screen("a\nb 943 476 5919", WORDS)[0].sentence == (
        "Line 2 may hold an NHS number. Take it out, or tell us it is something else."
    )


def test_the_line_within_a_longer_text_is_told_beside_the_line_of_the_field() -> None:
    head = (
        "external_ref: a\nnation: wales\nregion: wales\nsubmitted_by: p16@example.org\n"
        "capacity: partner\nstage: decided\n"
    )
    (problem,) = screen_submission(submission(head + "narrative: |\n  one\n  two 943 476 5919\n"), WORDS)
    assert problem.sentence("f") == (
        "f:7: narrative: may hold an NHS number in its line 2. Take it out, or put it in other words."
    )


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("swp-2024-01", []),
        ("ref-20240131-123456", []),
        ("SW1A1AA", []),
        ("AB123456C", []),
        ("a-943-476-5919", [Kind.NHS]),
        ("943.476.5919", [Kind.NHS]),
        ("9434765919", [Kind.NHS]),
        ("B801200005001", [Kind.UPN]),
    ],
)
def test_a_senders_reference_is_screened_for_checked_numbers_and_addresses_only(
    reference: str, found: list[Kind]
) -> None:
    assert [finding.kind for finding in screen_key(reference)] == found
    text = (
        f'{{"external_ref": "{reference}", "nation": "wales", "region": "Wales",\n'
        '"submitted_by": "p16@example.org", "capacity": "partner", "stage": "decided"}'
    )
    named = [(problem.field, problem.line) for problem in screen_submission(submission(text), WORDS)]
    assert named == [("external_ref", 1)] * len(found)


@pytest.mark.parametrize("text", ["Zoë-Marie", "ZOE MARIE", "zoe\u200b  marie", "Zoe Marie's"])
def test_a_name_of_the_cases_own_list_is_found_whatever_its_spelling(text: str) -> None:
    assert [finding.kind for finding in screen(f"then {text} left", WORDS, ["Zoë Marie", " "])] == [
        Kind.DENIED
    ]
    assert screen("then zoemaries left", WORDS, ["Zoë Marie"]) == []


def test_a_denied_name_with_signs_of_a_pattern_is_taken_literally() -> None:
    assert screen("aaaa (b", WORDS, ["a+", "(b", ".*", "["]) == [Finding(Kind.DENIED, 1)]


def test_a_text_over_twenty_kilobytes_is_refused() -> None:
    assert screen("x" * 20_000, WORDS) == []
    with pytest.raises(TooLargeError, match=r"too long to be screened\. Shorten it"):
        screen("é" * 10_001, WORDS)


@pytest.mark.parametrize(
    "unit",
    [
        "A",
        "Aa ",
        "1",
        "1 ",
        ".",
        "a@",
        "@a.",
        "May 1 ",
        "mother ",
        "Mother Aa",
        "0117 496 0000 ",
        " ",
        "\n",
        "A School ",
        "A's ",
        "AB1",
        "1/",
        "a-",
        "1.2",
        "in Reading ",
        "Mr A. ",
        "crime ref ",
        "x at x ",
        "0 ",
        "(0",
        "+44",
        "9434765919 ",
    ],
)
def test_the_longest_hostile_text_is_screened_in_linear_time(unit: str) -> None:
    def seconds(size: int) -> float:
        before = process_time()
        screen(unit * (size // len(unit)), WORDS)
        return process_time() - before

    small, large = seconds(5_000), seconds(20_000)
    assert large < max(12 * small, 0.5)


@settings(max_examples=500, deadline=None)
@given(st.text(max_size=300), st.sampled_from(["943 476 5919", "3 May 2021", "SW1A 1AA", "jo@example.org"]))
def test_an_identifier_is_found_amid_any_text_and_never_given_back(noise: str, identifier: str) -> None:
    findings = screen(f"{noise}\n\nx {identifier} y\n\n{noise}", WORDS)
    assert findings
    assert not any(identifier in repr(finding) for finding in findings)


@pytest.mark.parametrize("prefix", ["", "ref ", "no-"])
@given(st.integers(0, 10**9 - 1), st.integers(0, 9))
@settings(max_examples=500, deadline=None)
def test_ten_digits_are_a_health_number_exactly_if_modulus_11_says_so(
    prefix: str, nine: int, last: int
) -> None:
    digits = f"{nine:09}{last}"
    remainder = sum(int(digit) * (10 - at) for at, digit in enumerate(digits[:9])) % 11
    found = screen_key(f"{prefix}{digits[:3]} {digits[3:6]} {digits[6:]}")
    assert bool(found) is (last == (11 - remainder) % 11)


def test_a_faulty_list_of_words_is_named() -> None:
    data = dict(read_file(CONFIG / "screening.yaml").data)
    data["roles"] = "mother"
    data["authorities"] = {**data["authorities"], "wales": []}
    with pytest.raises(InvalidConfigError) as caught:
        ScreenWords.from_mapping(data)
    assert [problem.field for problem in caught.value.problems] == ["roles", "authorities.wales"]
