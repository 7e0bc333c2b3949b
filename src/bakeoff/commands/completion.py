"""``completion``: a script for a shell, and the words that may stand where one is being typed."""

from __future__ import annotations

from collections.abc import Sequence

from bakeoff.commands.arguments import Parser
from bakeoff.config.catalog import Catalog
from bakeoff.config.schema import PIPELINES

SCRIPTS = {
    "bash": r"""_bakeoff() {
    local IFS=$'\n' line=${COMP_LINE:0:COMP_POINT}
    local typed=${line##* }
    COMPREPLY=($(bakeoff completion query "$line" 2>/dev/null))
    if [[ ${COMPREPLY[0]-} == *= ]]; then compopt -o nospace; fi
    if [[ $typed == *=* && $COMP_WORDBREAKS == *=* ]]; then
        COMPREPLY=("${COMPREPLY[@]#"${typed%"${typed##*=}"}"}")
    fi
}
complete -o default -F _bakeoff bakeoff""",
    "zsh": r"""_bakeoff() {
    local -a found
    found=(${(f)"$(bakeoff completion query "$LBUFFER" 2>/dev/null)"})
    if (( $#found )); then compadd -Q -S '' -a found; else _files; fi
}
compdef _bakeoff bakeoff""",
    "fish": "complete -c bakeoff -a '(bakeoff completion query (commandline -cp) 2>/dev/null)'",
}


def run(argv: Sequence[str], commands: Sequence[str] = ()) -> None:
    """Prints the script of a shell, or the words that may end a line, one a line."""
    parser = Parser(prog="bakeoff completion", description='eval "$(bakeoff completion bash)", or zsh; or fish')
    parser.add_argument("shell", choices=[*SCRIPTS, "query"], help="query: what the scripts ask")
    parser.add_argument("line", nargs="?", default="", help="of a query: the line up to the cursor")
    arguments = parser.parse_args(argv)
    if arguments.shell in SCRIPTS:
        print(SCRIPTS[arguments.shell])
        return
    for word in candidates(arguments.line, commands):
        print(word)


def candidates(line: str, commands: Sequence[str]) -> list[str]:
    """The words that begin as the last one of a line does and may stand there.

    Args:
        line: as typed, up to the cursor.
        commands: what may follow ``bakeoff``.
    """
    *words, typed = line.split(" ")
    words = [word for word in words[1:] if word]
    if not words:
        found = list(commands)
    elif words[0] in PIPELINES:
        found = _of_pipeline(words[0], words[1:], typed)
    elif words[0] == "replay":
        found = [*Catalog().options("claim"), *_of_pipeline("compare", words[1:], typed)]
    elif words[0] == "list":
        found = Catalog().groups()
    else:
        found = [key.rstrip("=") for key in _of_pipeline("train", (), typed)] if words[0] == "explain" else []
    return sorted(word for word in found if word.startswith(typed))


def _of_pipeline(pipeline: str, words: Sequence[str], typed: str) -> list[str]:
    """Keys and groups, each with its ``=``; behind one, the options of the group or the choices of the key."""
    from bakeoff.config.annotations import choices
    from bakeoff.config.composition import Composer
    from bakeoff.config.keys import known_keys
    from bakeoff.config.signatures import signature
    from bakeoff.config.tree import get, resolve_tree

    composer = Composer()
    key, equals, _ = typed.partition("=")
    if equals and (options := composer.options(key)):
        return [f"{key}={option}" for option in options]
    chosen = [word for word in words if word.partition("=")[2] in composer.options(word.partition("=")[0])]
    plain = resolve_tree(composer.compose(pipeline, chosen).cfg)[0]
    if not equals:
        return [f"{key}=" for key in {*known_keys(plain), *composer.catalog.groups()}]
    section, _, name = key.rpartition(".")
    declared = signature(str(get(plain, f"{section}._target_")))
    parameter = declared.get(name) if declared else None
    is_truth = isinstance(get(plain, key), bool)
    found = ["true", "false"] if is_truth else choices((parameter and parameter.annotation) or "")
    return [f"{key}={value}" for value in found]
