"""The programs in README run, and print what they say."""
import re
from pathlib import Path

import pytest


TEXT = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
PROGRAMS = re.findall(r"```python\n(.*?)```", TEXT, re.S)


@pytest.mark.parametrize("i", range(len(PROGRAMS)))
def test_the_programs(i, capsys):
    code = PROGRAMS[i]
    exec(compile(code, "README.md", "exec"), {})
    wanted = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.M)
    assert capsys.readouterr().out.replace("\n [", " [").split("\n")[:-1] == wanted and wanted
