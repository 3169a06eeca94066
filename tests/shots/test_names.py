"""Names read back: the way back of naming."""

from __future__ import annotations

import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from farm.config import Project
from farm.shots.naming import FIELDS, fill, name_template, path_template
from farm.shots.reading.names import OPTIONAL, READ_FIELDS, example, parse, read_template, readings
from farm.shots.reading.slugs import slugged
from farm.shots.reading.values import BadValue

DEFAULT = Project().naming


@pytest.mark.parametrize(
    ("template", "name", "fields"),
    [
        (DEFAULT, "lake_sq01_sh010_review_v003", "lake sq01 sh010 review 3"),
        (DEFAULT, "lake_sh010_review_v003", "lake - sh010 review 3"),
        (Project().path, "lake/sq01/sh010/review/v003", "lake sq01 sh010 review 3"),
        (Project().path, "lake/sh010/review/v003", "lake - sh010 review 3"),
        ("${project}_${sequence}-${shot}", "lake_sq01-sh010", "lake sq01 sh010"),
        ("<Project>_<Sequence>_<Shot>_<TaskType>", "lake_sq01_sh010_comp", "lake sq01 sh010 comp"),
        ("{sequence}_{shot}_{version}", "sq01_sh010_V3", "sq01 sh010 3"),
        ("{sequence}_{shot}_{version}", "sq01_sh010_003", "sq01 sh010 3"),
        ("{shot}_{version}.{frame}", "sh010_v002.1001", "sh010 2 1001"),
        ("{shot}_{any}_{version}", "sh010_final2_v002", "sh010 2"),
        ("{shot}_{take}-{version}", "sh010_t02-v003", "sh010 2 3"),
        ("{sequence}{shot}", "", None),
        ("{sequence}/{shot}/{shot}_{version}", "sq01/sh010/sh010_v001", "sq01 sh010 1"),
        ("{sequence}/{shot}/{shot}_{version}", "sq01/sh010/sh020_v001", None),
        ("{shot}_{version}", "sh010", None),
        ("{shot}_{version}", "sh010_vx", None),
        ("{shot}_{version}_still", "sh010_v001_still", "sh010 1"),
        ("{shot}_{version}_still", "sh010_v001_stills", None),
        ("{shot}", "sh 010", None),
        ("{shot}_{version}", "s\u00e9ance_v001", "s\u00e9ance 1"),
        ("{shot}_{version}", "se\u0301ance_v001", "s\u00e9ance 1"),
        ("{sequence}_{shot}_{version}", "sh010_v001", "- sh010 1"),
        ("{episode}_{sequence}_{shot}", "e01_sh010", None),
        ("{shot}_{version}", "SQ01_SH010_v002", "SQ01_SH010 2"),
        ("{project}_{shot}_{version}", "my_show_sh010_v002", None),
    ],
)
def test_a_name_is_read(template: str, name: str, fields: str | None) -> None:
    found = parse(template, name)
    values = None if found is None else " ".join(str(value or "-") for value in found.values())
    assert values == fields


def test_known_values_settle_what_could_be_read_in_two_ways() -> None:
    found = parse("{project}_{shot}_{version}", "my_show_sh010_v002", {"project": "my_show"})
    assert found == {"project": "my_show", "shot": "sh010", "version": 2}
    assert parse("{project}_{shot}_{version}", "my_show_sh010_v002", {"project": "other"}) is None


def test_two_of_the_readings_are_told() -> None:
    first, second = readings("{episode}_{sequence}_{shot}", "e01_sh010")
    assert {first["episode"], second["episode"]} == {"", "e01"}


SLUG = st.text("abcdefgh0123456789éß", min_size=1, max_size=8).filter(lambda text: text == slugged(text))
TEMPLATES = [DEFAULT, Project().path, "{project}_{sequence}-{shot}_{version}", "{list}.{scene}_{shot}_{take}_{version}"]
TEMPLATES += ["{project}/{episode}/{sequence}/{shot}/{model}_{product}_{take}_{version}", "x_{shot}_y-{version}_z"]


@given(st.sampled_from(TEMPLATES), st.fixed_dictionaries(dict.fromkeys(FIELDS, SLUG)), st.data())
def test_what_was_filled_is_read_again(template: str, values: dict[str, Any], data: Any) -> None:
    fields: dict[str, str | int] = {**values, "take": data.draw(st.integers(1, 999)), "version": data.draw(NUMBER)}
    used = {name: fields[name] for name in fields if f"{{{name}}}" in template}
    assert parse(template, fill(template, fields)) == used


NUMBER = st.integers(1, 99_999)


@given(
    st.sampled_from(TEMPLATES),
    st.fixed_dictionaries(dict.fromkeys(FIELDS, SLUG)),
    st.sets(st.sampled_from(sorted(OPTIONAL))),
)
def test_an_empty_field_is_read_as_empty_or_not_at_all(
    template: str, values: dict[str, Any], lacking: set[str]
) -> None:
    fields: dict[str, str | int] = {**values, "take": 7, "version": 3} | dict.fromkeys(lacking, "")
    used = {name: fields[name] for name in fields if f"{{{name}}}" in template}
    assert parse(template, fill(template, fields)) in (used, None)
    assert used in readings(template, fill(template, fields)) or len(readings(template, fill(template, fields))) == 2


@given(st.text(max_size=40) | st.text("ab_-./v1", max_size=12), st.sampled_from(TEMPLATES))
def test_what_is_read_of_any_text_is_safe_in_names(written: str, template: str) -> None:
    for found in readings(template, written):
        assert all(value == slugged(value) for value in found.values() if isinstance(value, str))


def test_a_name_that_could_be_read_in_very_many_ways_takes_no_time() -> None:
    template = "_".join(f"{{{name}}}" for name in FIELDS if name not in {"take", "version"})
    began = time.process_time()
    assert parse(template + "_{version}", "_".join("a" * 120)) is None
    assert time.process_time() - began < 5


@pytest.mark.parametrize("template", ["${project}_${shot}_${version}", "<Show>_<shot>_<Version>"])
def test_other_spellings_are_templates_for_deliverables_too(template: str) -> None:
    assert name_template(template) == "{project}_{shot}_{version}"


def test_folders_too() -> None:
    assert path_template("${project}/${seq}/${Shot}") == "{project}/{sequence}/{shot}"


@pytest.mark.parametrize(
    ("template", "problem"),
    [
        ("{sequence}_{version}", "a name is read for its {shot}"),
        ("{shot}_{ext}", '"ext" is no field of a name'),
        ("${shoot}", '"shoot" is no field of a name'),
        ("{shot", '"{shot" is no template'),
    ],
)
def test_bad_templates(template: str, problem: str) -> None:
    with pytest.raises(BadValue) as caught:
        read_template(template)
    assert caught.value.problem == problem
    assert caught.value.remedy


def test_an_example_of_a_template_is_read_by_it() -> None:
    template = "{project}/{episode}_{sequence}_{shot}_{product}_{version}.{frame}"
    assert example(template) == "lake/e01_sq010_sh010_still_v001.1001"
    assert parse(template, example(template)) is not None
    assert example("".join(f"{{{name}}}-" for name in READ_FIELDS)).count("-") == len(READ_FIELDS)
