from __future__ import annotations

import pytest

from farm.errors import InputError
from farm.naming import Naming, version_label

FIELDS = {"project": "demo", "list": "opening", "sequence": "sq010", "shot": "sh020", "product": "review"}


def test_the_default_template_names_folder_and_file():
    key = Naming().key(".mp4", **FIELDS, version=version_label(3))
    assert key == "publish/demo/sq010/sh020/review/v003/demo_sq010_sh020_review_v003.mp4"


def test_an_empty_field_takes_its_separator_with_it():
    key = Naming().key(".mp4", **{**FIELDS, "sequence": ""}, version="v001")
    assert key == "publish/demo/sh020/review/v001/demo_sh020_review_v001.mp4"


@pytest.mark.parametrize(
    ("template", "said"), [("{shot}_{take}_{version}", "no field 'take'"), ("{shot}", "lacks {version}")]
)
def test_a_template_that_cannot_work_is_refused(template, said):
    with pytest.raises(InputError, match=said):
        Naming(name=template)
