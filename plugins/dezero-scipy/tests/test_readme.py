"""The programs in README run, one after the other, and print what it says."""
import re
from pathlib import Path


def test_the_programs(capsys):
    text = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"```python\n(.*?)```", text, re.S))
    exec(compile(code, "README.md", "exec"), {})
    wanted = re.findall(r"^print\(.*\)\s+# (.*)$", code, re.M)
    assert capsys.readouterr().out.replace("\n [", " [").split("\n")[:-1] == wanted and wanted
