"""Files as ten kinds of people hold them, each written into the current folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any

from tests.data.made_images import noise_image
from tests.data.made_texts import sentences

ROWS = 60
TEXTS = sentences(ROWS)


def table(name: str, rows: Iterable[Sequence[Any]], *, encoding: str = "utf-8", sep: str = ",") -> None:
    with Path(name).open("w", newline="", encoding=encoding) as file:
        csv.writer(file, delimiter=sep).writerows(rows)


def lines(name: str, records: Iterable[Any]) -> None:
    Path(name).write_text("".join(json.dumps(record) + "\n" for record in records))


def survey() -> str:
    """Qualtrics: names, questions and identifiers above the answers."""
    header = ["StartDate", "ResponseId", "Q1", "Q2", "Q3_TEXT"]
    asked = ["Start Date", "Response ID", "Are you satisfied?", "How likely (0-10)?", "Please tell us why:"]
    answers = [
        ["2026-03-01", f"R_{n}", ["Satisfied", "Not at all"][n % 2], n % 11, text] for n, text in enumerate(TEXTS)
    ]
    table("survey.csv", [header, asked, [json.dumps({"ImportId": name}) for name in header], *answers])
    return "survey.csv"


def german_excel() -> str:
    """Semicolons, decimal commas, and the encoding of Windows."""
    groups = ["Möbel", "Obst & Gemüse", "Kleidung"]
    rows = [[f"{n:05}", f"Größe {n}: {text}", f"1.{n:03},90", groups[n % 3]] for n, text in enumerate(TEXTS)]
    header = ["Artikel-Nr.", "Beschreibung", "Preis (€)", "Warengruppe"]
    table("produkte.csv", [header, *rows], encoding="cp1252", sep=";")
    return "produkte.csv"


def kaggle() -> str:
    """A train.csv with identifiers and gaps, and a test.csv without the target."""
    rows = [[n * 3, ["", "fire"][n % 2], ["", "London, UK"][n % 3 == 0], text, n % 2] for n, text in enumerate(TEXTS)]
    table("train.csv", [["id", "keyword", "location", "text", "target"], *rows])
    table("test.csv", [["id", "keyword", "location", "text"], *(row[:4] for row in rows[:8])])
    return "train.csv"


def label_studio() -> str:
    """Label Studio's CSV, where a choice of several is JSON in a cell."""
    choices = [json.dumps({"choices": ["food", "staff"]}), "food", "staff"]
    rows = [[100 + n, 1, "2026-01-01", n, 3.2, choices[n % 3], text, "2026-01-01"] for n, text in enumerate(TEXTS)]
    header = ["annotation_id", "annotator", "created_at", "id", "lead_time", "topics", "text", "updated_at"]
    table("project-1.csv", [header, *rows])
    return "project-1.csv"


def doccano() -> str:
    """doccano's JSON lines, where one label stands in a list."""
    rows = [{"id": n, "text": text, "label": [["pos", "neg"][n % 2]], "Comments": []} for n, text in enumerate(TEXTS)]
    lines("admin.jsonl", rows)
    return "admin.jsonl"


def prodigy() -> str:
    """Prodigy's choices, some of them ignored."""
    options = [{"id": name, "text": name} for name in ("GOOD", "BAD")]
    rows = [
        {
            "text": text,
            "_input_hash": n,
            "_task_hash": n,
            "options": options,
            "accept": [["GOOD", "BAD"][n % 2]],
            "answer": "accept" if n % 10 else "ignore",
        }
        for n, text in enumerate(TEXTS)
    ]
    lines("choices.jsonl", rows)
    return "choices.jsonl"


def photographs() -> str:
    """Pictures of many formats and sizes, and what Windows and macOS leave among them."""
    root = Path("Bilder Küche")
    for folder in (root / "Tassen", root / "Teller (neu)", root / "Neuer Ordner"):
        folder.mkdir(parents=True)
    for n in range(36):
        folder, kind = root / ["Tassen", "Teller (neu)"][n % 2], ["JPG", "png", "webp", "bmp"][n // 2 % 4]
        format = "JPEG" if kind == "JPG" else kind.upper()
        noise_image(n, mode="RGB", size=(20 + n % 3, 20)).save(folder / f"IMG_{n:04}.{kind}", format=format)
        (folder / "Thumbs.db").write_bytes(b"\xd0\xcf\x11\xe0")
    (root / ".DS_Store").write_bytes(b"\0")
    return str(root)


def film_reviews() -> str:
    """Folders of texts with splits, a class without a test, and files about the files."""
    for n, text in enumerate(TEXTS):
        for folder, part in (("train/pos", n % 4 == 0), ("train/neg", n % 4 == 1), ("train/unsup", n % 4 == 2)):
            write(f"aclImdb/{folder}/{n}_7.txt", text) if part else None
        write(f"aclImdb/test/{['pos', 'neg'][n // 4 % 2]}/{n}_7.txt", text) if n % 4 == 3 else None
    write("aclImdb/imdb.vocab", "the\nand\n")
    write("aclImdb/train/urls_pos.txt", "http://example.org\n")
    return "aclImdb"


def database() -> str:
    """MySQL's export: backslashes before quotes and line breaks, NULL where there is nothing."""
    rows = [
        f'"{n}","Re: \\"{n}\\"","Dear \\"team\\",\\\n{text}","{["billing", "tech"][n % 2]}",NULL\n'
        for n, text in enumerate(TEXTS)
    ]
    Path("tickets.csv").write_text('"id","subject","body","queue","closed_at"\n' + "".join(rows))
    return "tickets.csv"


def bitext() -> str:
    """Two files whose lines belong together."""
    Path("corpus.en").write_text("".join(f"I have {n} apples\n" for n in range(ROWS)))
    Path("corpus.de").write_text("".join(f"Ich habe {n} Äpfel\n" for n in range(ROWS)))
    return "corpus.en"


def write(name: str, text: str) -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_text(text)


FILES: dict[str, Callable[[], str]] = {
    made.__name__: made
    for made in (
        survey,
        german_excel,
        kaggle,
        label_studio,
        doccano,
        prodigy,
        photographs,
        film_reviews,
        database,
        bitext,
    )
}
