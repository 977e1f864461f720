"""Runs one call of a tool in Python that was compiled to WebAssembly. `call.py` stands before it.

The process runs this call and ends. Nothing else of Python runs beside it, so there is no pipe to write an answer to: it is what
`answer_to` returns.
"""

import io


class Captured(io.TextIOBase):
    """What a call prints to one of its two outputs."""

    def __init__(self):
        self.printed = Printed()

    def writable(self):
        return True

    def write(self, text):
        self.printed.add(text.encode("utf-8", "replace"))
        return len(text)


def with_remedy(answer):
    """Whoever misses a package is told why there is none."""
    if "ModuleNotFoundError" in answer["text"] and not answer["ok"]:
        answer["text"] = (answer["text"] + config["remedy"])[:ERROR_CHARS_MAX]
    return answer


def answer_to(text):
    """The line that answers the line of a call."""
    request = loads(text)
    out, err = sys.stdout, sys.stderr = Captured(), Captured()
    answer = with_remedy(answered(request)[0])
    kept = {"value": answer["value"]} if "value" in answer else {}
    rest = {**kept, "parts": answer.get("parts"), "blocks": answer.get("blocks", {})}
    printed = {"stdout": out.printed.text(), "stderr": err.printed.text() + answer.get("trace", "")}
    line = {"id": request["id"], "ok": answer["ok"], "text": answer["text"], **rest, **printed}
    return dumps(line, ensure_ascii=False).encode("utf-8", "replace").decode("utf-8")


dumps(ran(REHEARSAL, *compiled(REHEARSAL["src"])))
os.environ.clear()
