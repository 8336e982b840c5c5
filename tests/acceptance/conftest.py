"""A sample project for each test; every process of its runs is gone afterwards."""

import pytest
from sample_project import SampleProject


@pytest.fixture
def project(tmp_path):
    sample = SampleProject(tmp_path)
    yield sample
    sample.clear()
