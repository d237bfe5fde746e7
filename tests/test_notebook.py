"""The library's page is run as a notebook: every snippet, in order, where each can be run."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
PAGE = ROOT / "docs" / "library.md"
_ABOUT_RUNS = (
    "## Results of the command line"  # from there on, the snippets are about runs that must be there
)


@pytest.mark.filterwarnings("ignore")  # of the notebook's own packages
def test_every_snippet_runs_in_a_notebook(tmp_path: Path, environment: dict[str, str]) -> None:
    nbclient, nbformat = pytest.importorskip("nbclient"), pytest.importorskip("nbformat")
    pytest.importorskip("ipykernel")
    text = PAGE.read_text(encoding="utf-8").partition(_ABOUT_RUNS)[0]
    snippets = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(snippets) >= 4
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(one) for one in snippets])
    client = nbclient.NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(tmp_path)}}
    )
    client.execute(env=environment)
    shown = [out for cell in notebook.cells for out in cell.outputs if out.output_type == "execute_result"]
    table = shown[0].data["text/html"]
    assert "mean under corruption" in table and "<svg" in table
    assert "Pair(" in shown[-1].data["text/plain"]
    assert (tmp_path / "report.html").stat().st_size > 100_000
