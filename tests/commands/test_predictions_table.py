"""What `predict` writes is data to whatever opens it."""

import io

import pandas as pd

from bakeoff.commands.predict import WRITERS


def test_cells_that_a_spreadsheet_would_run_are_written_as_text():
    table = pd.DataFrame({"text": ["=1+2", "@sum", "-5 below", "fine = 3"], "confidence": [-0.5, 0.25, 1.0, 0.0]})
    file = io.BytesIO()
    WRITERS[".csv"](table, file)
    assert file.getvalue().decode().splitlines() == [
        "text,confidence",
        "'=1+2,-0.5",
        "'@sum,0.25",
        "'-5 below,1.0",
        "fine = 3,0.0",
    ]
    file = io.BytesIO()
    WRITERS[".jsonl"](table, file)
    assert b'"text":"=1+2"' in file.getvalue()
