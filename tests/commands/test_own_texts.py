"""A user's own texts: reviews in a messy CSV, a text file, a table of translations; and what bad ones get."""

import json

import pandas as pd
import pytest

from bakeoff.config.running import run_pipeline

GOOD = ["a joy from start to end", "loved it, really", 'she said "wonderful"', "so good 😀🎉", "great\nover two lines"]
BAD = ["a waste, of time", "hated every minute", 'he said "never again"', "so dull 😴", "awful\nover two lines"]
QUICK = [
    "trainer.max_epochs=25",
    "trainer.val_every=5",
    "optimizer.lr=1e-2",
    "tracking=none",
    "trainer.accelerator=cpu",
    "output_dir=run",
]
TINY = ["model.net.width=16", "task.network.embedding_width=16"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def reviews_csv(path):
    """With a BOM, CRLF, quotes, commas, line breaks within quotes, emoji, and rows without text or at all."""
    lines = ["id,body,stars"]
    for row in range(40):
        for texts, stars in ((GOOD, "up"), (BAD, "down")):
            text = f"{texts[row % 5]} no. {row}".replace('"', '""')
            lines.append(f'{row},"{text}",{stars}')
    lines += ["", '98,"",up', "99,,down", ""]
    path.write_bytes("\ufeff".encode() + "\r\n".join(lines).encode())


def test_messy_reviews_train_evaluate_and_predict(folder, capsys):
    reviews_csv(folder / "reviews.csv")
    data = ["data=csv", "data.file=reviews.csv", "data.columns.text=body", "data.columns.label=stars"]
    run_pipeline(
        "train",
        argv=[
            "task=text_classification",
            "model=gru",
            *data,
            *QUICK,
            *TINY,
            "model.net.dropout=0",
            "data.batch_size=16",
        ],
    )
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["accuracy"] > 0.9
    run_pipeline("evaluate", argv=["run=run", "output_dir=again"])
    assert json.loads((folder / "again" / "evaluation.json").read_text())["metrics"] == pytest.approx(result["test"])
    capsys.readouterr()
    run_pipeline("predict", argv=["run=run", "input=reviews.csv", "output=answers.csv"])
    assert "3 rows without text were left out" in capsys.readouterr().out
    table = pd.read_csv("answers.csv")
    assert len(table) == 80
    assert table["text"][3] == "hated every minute no. 1"
    expected = ["up", "down"] * 40
    assert (table["prediction"] == expected).mean() > 0.9
    assert (table["p(up)"] + table["p(down)"]).between(0.999, 1.001).all()
    run_pipeline("predict", argv=["run=run", 'input="really loved it 🎉"', "output=one.jsonl"])
    assert pd.read_json("one.jsonl", lines=True)["prediction"].tolist() == ["up"]


def test_predict_reads_tables_in_the_format_of_training(folder, capsys):
    rows = "".join(f"sch\u00f6n {i};ja\nn\u00f6 {i};nein\n" for i in range(20))
    (folder / "old.csv").write_bytes(f"text;label\n{rows}".encode("latin-1"))
    data = ["data=csv", "data.file=old.csv", "data.sep=;", "data.encoding=latin-1", "tracking=none", "output_dir=run"]
    run_pipeline("train", argv=["task=text_classification", "model=tfidf", *data])
    run_pipeline("predict", argv=["run=run", "input=old.csv", "output=old_answers.csv"])
    assert pd.read_csv("old_answers.csv")["text"][0] == "sch\u00f6n 0"
    (folder / "new.csv").write_text("text;label\nsch\u00f6n 7;ja\n", encoding="utf-8")
    run_pipeline("predict", argv=["run=run", "input=new.csv", "output=new_answers.csv"])
    assert pd.read_csv("new_answers.csv")["text"].tolist() == ["sch\u00f6n 7"]
    (folder / "comma.csv").write_text("text,label\nsch\u00f6n 7,ja\n", encoding="utf-8")
    with pytest.raises(SystemExit) as ended:
        run_pipeline("predict", argv=["run=run", "input=comma.csv", "sep=semicolon", "output=comma_answers.csv"])
    assert ended.value.code == 3
    assert capsys.readouterr().err.endswith("next: sep=comma\n")
    run_pipeline("predict", argv=["run=run", "input=comma.csv", "output=comma_answers.csv"])
    assert "comma.csv is cut at the comma" in capsys.readouterr().out
    assert len(pd.read_csv("comma_answers.csv")) == 1


def test_several_labels_a_text(folder):
    rows = [(f"{'red ' * (i % 2)}{'round ' * (i % 3 == 0)}thing {i}", i) for i in range(120)]
    labels = ["|".join([*["red"] * (i % 2), *["round"] * (i % 3 == 0)]) for _, i in rows]
    pd.DataFrame({"text": [t for t, _ in rows], "tags": labels}).to_csv("tags.csv", index=False)
    data = ["data=csv", "data.file=tags.csv", "data.columns.label=tags", 'data.columns.label_separator="|"']
    run_pipeline(
        "train", argv=["task=text_classification", "model=text_cnn", *data, *QUICK, *TINY, "data.batch_size=16"]
    )
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["accuracy"] > 0.9
    run_pipeline("predict", argv=["run=run", "input=red round thing 7", "output=one.jsonl"])
    assert set(pd.read_json("one.jsonl", lines=True)["prediction"][0].split("|")) == {"red", "round"}


def test_a_text_file_teaches_a_model_that_writes(folder, capsys):
    (folder / "story.txt").write_text("".join(f"{n} green bottles hang on wall {n % 7}. " for n in range(1200)))
    data = ["data=text_file", "data.file=story.txt", "data.sequence_length=32", "data.batch_size=8"]
    options = ["trainer.max_epochs=2", "optimizer.lr=1e-2", "tracking=none", "output_dir=run", "model.net.width=32"]
    run_pipeline("train", argv=["task=language_modeling", "model=gru", *data, *options, "model.net.depth=1"])
    result = json.loads((folder / "run" / "result.json").read_text())
    assert result["test"]["bits_per_byte"] < 3
    capsys.readouterr()
    write = [
        "run=run",
        "input=12 green",
        "task.predict.num_tokens=40",
        "task.predict.sampling.temperature=0.5",
        "output=story.csv",
    ]
    run_pipeline("predict", argv=write)
    told = capsys.readouterr().out
    table = pd.read_csv("story.csv")
    assert len(table["continuation"][0]) == 40
    assert told.startswith("12 green" + table["continuation"][0])
    run_pipeline("predict", argv=write)
    assert pd.read_csv("story.csv").equals(table)


def test_a_table_of_translations(folder):
    words = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
    numbers = [f"{a} {b}" for a in words for b in words]
    back = [" ".join(word[::-1] for word in number.split()) for number in numbers]
    pd.DataFrame({"plain": numbers, "mirrored": back}).to_csv("pairs.tsv", sep="\t", index=False)
    data = ["data=parallel", "data.file=pairs.tsv", "data.columns.source=plain", "data.columns.target=mirrored"]
    options = ["data.split.test=10", "data.split.val=10", "task.module.beams=2", "trainer.max_epochs=1"]
    tiny = ["model.net.width=16", "model.net.depth=1", "tracking=none", "output_dir=run"]
    run_pipeline("train", argv=["task=translation", "model=gru", *data, *options, *tiny])
    result = json.loads((folder / "run" / "result.json").read_text())
    assert set(result["test"]) == {"exact_match", "bleu", "chrf"}
    run_pipeline("predict", argv=["run=run", "input=seven eight", "output=one.csv"])
    assert list(pd.read_csv("one.csv")) == ["input", "source", "translation"]


@pytest.mark.parametrize("model", ["tfidf"])
def test_a_baseline_predicts_like_any_other_run(folder, model, capsys):
    reviews_csv(folder / "reviews.csv")
    data = ["data=csv", "data.file=reviews.csv", "data.columns.text=body", "data.columns.label=stars"]
    run_pipeline("train", argv=["task=text_classification", f"model={model}", *data, "tracking=none", "output_dir=run"])
    run_pipeline("predict", argv=["run=run", "input=loved it", "output=one.csv"])
    assert pd.read_csv("one.csv")["prediction"].tolist() == ["up"]
    (folder / "taken.csv").mkdir()
    with pytest.raises(SystemExit) as ended:
        run_pipeline("predict", argv=["run=run", "input=loved it", "output=taken.csv"])
    assert ended.value.code == 4
    assert capsys.readouterr().err.startswith("error[env.not_writable] output=taken.csv: can't be written (")


BAD_FILES = {
    "missing column": ("body,stars\nx,1\ny,2\n", ["data.columns.text=boddy"], 3, "data.missing_column", "body"),
    "one class": ("body,stars\na b,1\nc d,1\ne f,1\n", [], 3, "data.one_class", "data.columns.label"),
    "no label": ('body,stars\na,1\n"b\nc",2\nd,\n', [], 3, "data.missing_label", "(first: reviews.csv:5)"),
    "float labels": ("body,stars\na b,1.5\nc d,2.5\n", [], 3, "data.float_labels", "names or whole numbers"),
    "one row of a class": ("body,stars\na b,1\nc d,1\ne f,2\n", [], 3, "data.single_row", "single row"),
    "all empty": ("body,stars\n,1\n,2\n", [], 3, "data.", "text"),
    "target among the features": ("body,stars\na,1\nb,2\n", ["data.columns.text=stars"], 3, "data.", "stars"),
    "duplicates": ("body,stars\na b,1\na  B,1\nc d,2\ne f,2\ng h,1\n", [], 3, "data.duplicates", "data.dedup=drop"),
    "ragged": ("body,stars\na b,1\nc d,2,3\n", [], 3, "data.", "line 3"),
    "wrong delimiter": ("body;stars\na b;1\nc d;2\n", ["data.sep=comma"], 3, "data.", "data.sep"),
    "no such file": (None, [], 3, "data.not_found", "reviews.csv"),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_each_bad_text_file_gets_one_line(folder, capsys, name):
    content, overrides, code, error, said = BAD_FILES[name]
    if content is not None:
        (folder / "reviews.csv").write_text(content)
    named = ["data.columns.label=stars", *([] if overrides else ["data.columns.text=body"]), *overrides]
    words = ["task=text_classification", "data=csv", "data.file=reviews.csv", *named, "tracking=none"]
    with pytest.raises(SystemExit) as ended:
        run_pipeline("train", argv=words)
    line = capsys.readouterr().err.strip()
    assert ended.value.code == code
    assert line.startswith(f"error[{error}")
    assert said in line
    assert "\n" not in line
    assert not (folder / "outputs").exists()


def test_a_wrong_encoding_names_its_line(folder, capsys):
    (folder / "reviews.csv").write_bytes("body,stars\nfine,1\ncaf\xe9,2\n".encode("latin-1"))
    words = ["task=text_classification", "data=csv", "data.file=reviews.csv", "data.columns.label=stars"]
    with pytest.raises(SystemExit) as ended:
        run_pipeline("train", argv=[*words, "tracking=none"])
    assert ended.value.code == 3
    assert "line 3" in capsys.readouterr().err
