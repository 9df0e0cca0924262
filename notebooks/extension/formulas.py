"""The formulas of the notes on the theory, which stand there as text, typeset.

Indented blocks become LaTeX, a line each, which the build lays out as MathML; in sentences indices,
powers and Greek letters are raised, lowered and named. Code between backticks stays as it is.
"""

import re
from typing import Any


# The notes, and the page of which letters stand in sentences and tables alone.
NOTES, NOTATION = "theory", "notation"
_GREEK = {"alpha": "α", "beta": "β", "chi": "χ", "eps": "ε", "kappa": "κ", "lambda": "λ", "mu": "μ"}
_GREEK |= {"phi": "φ", "Phi": "Φ", "rho": "ρ", "sigma": "σ", "theta": "θ", "xi": "ξ"}
# What is more than its letters.
_NAMED = {
    "sqrt": "√",
    "wbar": r"\bar{w}",
    "sum": r"\sum",
    "aG": "a G",
    "dw": r"\delta w",
    "dx": r"\delta x",
    "ij": "i j",
}
_UPRIGHT = ("E", "P", "ReLU", "Var", "MSE", "PR", "KL", "clip", "exp", "ln", "max", "min", "step")
_UPRIGHT += ("tr", "lo", "hi", "sd", "own", "eff", "rest", "wrong")
_SIGNS = {"<=": r"\le", ">=": r"\ge", "->": r"\to", "~": r"\sim", "⊗": r"\otimes", "≠": r"\ne"}
_SIGNS |= {"·": r"\cdot", "{": r"\{", "}": r"\}", "||": r"\|", "∩": r"\cap"}
_TOKEN = re.compile(
    r"(?P<gap>   +)|(?P<space>  ?)|(?P<word>[A-Za-z]+)|(?P<number>\d*\.?\d+)|(?P<prime>')"
    r"|(?P<attached>[_^])|(?P<sign><=|>=|->|\|\||.)"
)
_KEPT = re.compile(r"`[^`]*`|\]\([^)]*\)|^#[^\n]*$|^```.*?^```", re.MULTILINE | re.DOTALL)
_ATTACHED = r"[_^](?:\{[^{}\n]*\}|\([^()\n]*\)|-?[^\W_](?:[^\W_]|\.(?=\d))*|[*])"
_INDEXED = re.compile(rf"(?<=[\w)|\]'~])(?:{_ATTACHED})+")


def read(app: Any, page: str, source: list[str]) -> None:
    """Typeset the notes; on Sphinx's event `source-read`, after the file has been put in."""
    if page == NOTES:
        source[0] = typeset(source[0])
    elif page == NOTATION:
        source[0] = _sentences(source[0])


def typeset(text: str) -> str:
    """Return Markdown with its indented blocks as LaTeX and its sentences with indices."""
    lines, out, at = text.split("\n"), [], 0
    while at < len(lines):
        starts = lines[at].startswith("    ") and (at == 0 or not lines[at - 1].strip())
        if (
            not starts
            or re.match(r" *(\*|\d\.|\||>>>|\$) ?", lines[at])
            or _below_a_list(lines, at)
        ):
            out.append(lines[at])
            at += 1
            continue
        out += ["```{math}"]
        shown = []
        while at < len(lines) and lines[at].startswith("    "):
            shown.append(latex(lines[at].strip()))
            at += 1
        out += ["\\\\\n".join(shown), "```"]
    return _sentences("\n".join(out))


def _below_a_list(lines: list[str], at: int) -> bool:
    """Tell whether indentation is that of an entry of a list and not of a formula."""
    above = next((line for line in reversed(lines[:at]) if line.strip()), "")
    return above.startswith(("* ", "  ")) and not above.startswith("    ")


def latex(formula: str) -> str:
    """Return a formula that stands as text as LaTeX.

    Args:
        formula: e.g. "E (K/S)^2 = sum_i r_i^2 / S^2,    p = 1 - (1-q)^z".
    """
    out: list[str] = []
    words: list[str] = []

    def say() -> None:
        if words:
            spaced = " ".join(words)
            out.append(rf"\text{{ {spaced} }}")
            words.clear()

    tokens = [(found.lastgroup or "", found[0]) for found in _TOKEN.finditer(formula)]
    at = 0
    while at < len(tokens):
        kind, token = tokens[at]
        after = tokens[at + 1][1] if at + 1 < len(tokens) else ""
        if kind == "word" and _is_said(token, bool(words), tokens[at + 1 : at + 3]):
            words.append(token)
            if after == ":":
                words[-1] += ":"
                at += 1
        elif kind == "prime" and words:
            words[-1] += f"'{after}"
            at += 1
        elif kind == "space" and words:
            pass
        else:
            say()
            if kind == "attached":
                inner, at = _attached(tokens, at + 1)
                out.append(f"{token}{{{latex(inner)}}}")
            elif kind == "gap":
                out.append(r"\qquad ")
            elif kind == "word":
                out.append(_letters(token, after))
                if after == "~":
                    out[-1], at = rf"\tilde{{{out[-1]}}}", at + 1
                elif after in ("*", "+", "-") and _ends(tokens, at + 2) and len(token) == 1:
                    if after == "*" or token == "N":
                        out[-1], at = f"{out[-1]}^{{{after}}}", at + 1
            else:
                out.append(_SIGNS.get(token, token))
                out[-1] += " " * out[-1][-1:].isalpha()
        at += 1
    say()
    return "".join(out).replace("%", r"\%").strip()


def _is_said(word: str, in_words: bool, after: list[tuple[str, str]]) -> bool:
    """Tell whether a word is one of a sentence, and no name of a quantity."""
    if word == "a":
        named = len(after) > 1 and after[0][0] == "space" and after[1][0] == "word"
        return in_words or (named and after[1][1] != "a" and _is_said(after[1][1], False, []))
    if word in ("own", "rest", "step", "wrong") and in_words:
        return True
    return len(word) > 1 and not (word in _GREEK or word in _NAMED or word in _UPRIGHT)


def _letters(word: str, after: str) -> str:
    """Return the name of a quantity or function as LaTeX."""
    if word in _GREEK:
        return rf"\{'epsilon' if word == 'eps' else word} "
    if word in _NAMED:
        return f"{_NAMED[word]} "
    if word in _UPRIGHT:
        return rf"\mathrm{{{word}}}" + r"\," * (after == " " and word not in ("lo", "hi", "sd"))
    return word


def _ends(tokens: list[tuple[str, str]], at: int) -> bool:
    return at >= len(tokens) or tokens[at][1][0] in " ,)"


def _attached(tokens: list[tuple[str, str]], at: int) -> tuple[str, int]:
    """Return an index or power as text, and where its last token stands."""
    closing = {"{": "}", "(": ")"}.get(tokens[at][1])
    if closing is None:
        text = tokens[at][1]
        while tokens[at][1] == "-" or (at + 1 < len(tokens) and _goes_on(tokens, at)):
            at += 1
            text += tokens[at][1]
        return text, at
    opening, depth, first = tokens[at][1], 0, at
    for at in range(first, len(tokens)):
        depth += (tokens[at][1] == opening) - (tokens[at][1] == closing)
        if depth == 0:
            break
    inner = "".join(token for _, token in tokens[first + 1 : at])
    return inner, at


def _goes_on(tokens: list[tuple[str, str]], at: int) -> bool:
    """Tell whether an index such as the one of own_e,ij goes on after a token."""
    after = tokens[at + 1]
    if after[1] == "," and at + 2 < len(tokens):
        return tokens[at + 2][0] == "word" and tokens[at][0] == "word"
    return tokens[at][1] == "," and after[0] == "word"


def _sentences(text: str) -> str:
    """Return Markdown with indices, powers and Greek letters outside of code, links and headings."""
    parts, at = [], 0
    for found in _KEPT.finditer(text):
        parts += [_raised(text[at : found.start()]), found[0]]
        at = found.end()
    return "".join([*parts, _raised(text[at:])])


def _raised(text: str) -> str:
    def raised(found: re.Match[str]) -> str:
        shown = ""
        for part in re.findall(_ATTACHED, found[0]):
            tag = "sub" if part[0] == "_" else "sup"
            inner = part[1:]
            inner = inner[1:-1] if inner[0] in "{(" else inner
            shown += f"<{tag}>{inner.replace('*', '&#42;')}</{tag}>"
        return shown

    text = re.sub(
        r"<([a-z]_[a-z],[^<>\n]*)>",
        "\N{MATHEMATICAL LEFT ANGLE BRACKET}\\1\N{MATHEMATICAL RIGHT ANGLE BRACKET}",
        text,
    )
    text = _INDEXED.sub(raised, text)
    for word, letter in _GREEK.items():
        text = re.sub(rf"(?<![A-Za-z]){word}(?![A-Za-z])", letter, text)
    text = re.sub(r"(?<![A-Za-z])C~", "C\N{COMBINING TILDE}", text)
    text = re.sub(r"(?<![A-Za-z])wbar", "w\N{COMBINING MACRON}", text)
    return text.replace("χ'", "χ′").replace(" +- ", " ± ").replace("<=", "≤").replace(">=", "≥")
