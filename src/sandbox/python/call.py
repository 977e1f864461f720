"""How a call of a tool written in Python is made, and what is told of it, wherever Python runs.

What the places differ in, how calls come and go and what locks them in, is in the programs that are put behind this one.
They all find here the modules that tools use most, imported once.
"""

import ast
import asyncio
import base64
import collections
import contextlib
import dataclasses
import datetime
import enum
import errno
import functools
import gc
import hashlib
import inspect
import itertools
import json
import math
import os
import random
import re
import shutil
import signal
import socket
import string
import sys
import textwrap
import time
import traceback
import types
import typing
import urllib.parse
import uuid
import __future__

# A tool may replace these in their modules; its answer is to come all the same.
loads, dumps, write = json.loads, json.dumps, os.write
# What is kept of what a call prints, from its beginning and from its end.
PRINTED_BYTES = 32 * 1024
ERROR_CHARS_MAX = 1000
TRACE_CHARS_MAX = 16 * 1024
# Arguments that are read into what they are annotated with, how deep.
DEPTH_MAX = 20
# A call that is made for practice.
REHEARSAL = {"src": "def f(n: int):\n    return n\n", "name": "f", "args": {"n": 1}, "agent": None, "chars": 9}


# ---- What a tool sees of its agent ----


class Block:
    """A block of the agent's memory."""

    def __init__(self, label, value, limit, **rest):
        self.label, self.value, self.limit = label, value, limit
        self.__dict__.update(rest)

    def __repr__(self):
        return "Block(label={!r}, value={!r}, limit={!r})".format(self.label, self.value, self.limit)


class Memory:
    """The agent's memory: its blocks. What a tool changes here is stored with its answer."""

    def __init__(self, blocks):
        self.blocks = blocks

    def list_block_labels(self):
        return [block.label for block in self.blocks]

    def get_blocks(self):
        return self.blocks

    def get_block(self, label):
        for block in self.blocks:
            if block.label == label:
                return block
        raise KeyError("There is no block '{}'; there are: {}".format(label, ", ".join(self.list_block_labels())))

    def update_block_value(self, label, value):
        if not isinstance(value, str):
            raise ValueError("The value of a block must be a string")
        if label not in self.list_block_labels():
            raise ValueError("There is no block '{}'; there are: {}".format(label, ", ".join(self.list_block_labels())))
        self.get_block(label).value = value

    def compile(self, *_, **__):
        return "\n".join("<{0}>\n{1}\n</{0}>".format(block.label, block.value) for block in self.blocks)

    def __repr__(self):
        return "Memory(blocks={!r})".format(self.blocks)


class AgentState:
    """The agent for which a tool runs."""

    def __init__(self, agent):
        self.id, self.name, self.timezone = agent["id"], agent["name"], agent.get("timezone")
        self.memory = Memory([Block(**block) for block in agent["blocks"]])
        self.tools, self.tool_rules, self.tags, self.metadata = [], [], [], {}

    @property
    def blocks(self):
        return self.memory.blocks

    def __repr__(self):
        return "AgentState(id={!r}, name={!r}, memory={!r})".format(self.id, self.name, self.memory)


class Record:
    """An argument that its schema calls an object, for tools that expect a model of Pydantic's there."""

    def __init__(self, **fields):
        self.__dict__.update(fields)

    def model_dump(self, **_):
        return {name: plain(value) for name, value in self.__dict__.items()}

    dict = model_dump

    def model_dump_json(self, **_):
        return dumps(self.model_dump())

    def __repr__(self):
        return "{}({})".format(type(self).__name__, ", ".join("{}={!r}".format(*pair) for pair in self.__dict__.items()))


# ---- Arguments and results ----


def parsed(text):
    """A value that a model has written as text."""
    try:
        return loads(text)
    except ValueError:
        return ast.literal_eval(text)


def coerced(value, kind, depth=0):
    """The value as its annotation has it; unchanged where that says nothing that can be done."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if depth > DEPTH_MAX or value is None or kind in (None, typing.Any, inspect.Parameter.empty):
        return value
    if origin is typing.Union or type(kind).__name__ == "UnionType":
        kinds = [one for one in arguments if one is not type(None)]
        return coerced(value, kinds[0], depth + 1) if len(kinds) == 1 else value
    if origin is typing.Literal:
        return value
    whole = origin or kind
    if whole in (list, dict, tuple, set, frozenset):
        return collected(parsed(value) if isinstance(value, str) else value, whole, arguments, depth + 1)
    if not isinstance(whole, type) or isinstance(value, whole) and not isinstance(value, bool):
        return value
    if whole is str:
        return str(value)
    if whole in (int, float, bool):
        return whole(parsed(value.lower() if whole is bool else value) if isinstance(value, str) else value)
    return modelled(parsed(value) if isinstance(value, str) and hasattr(whole, "model_fields") else value, whole)


def collected(value, whole, arguments, depth):
    """A list, a dict or such, with what is in it."""
    if whole is dict:
        if len(arguments) != 2:
            return dict(value)
        return {key: coerced(item, arguments[1], depth) for key, item in dict(value).items()}
    if not arguments or whole is tuple and arguments[-1:] != (Ellipsis,):
        return whole(value)
    return whole(coerced(item, arguments[0], depth) for item in value)


def modelled(value, whole):
    """What a class of the tool's own makes of it, where it is one that says how."""
    if isinstance(value, dict) and hasattr(whole, "model_validate"):
        return whole.model_validate(value)
    if isinstance(value, dict) and hasattr(whole, "parse_obj"):
        return whole.parse_obj(value)
    if isinstance(value, dict) and dataclasses.is_dataclass(whole):
        return whole(**value)
    return whole(value) if issubclass(whole, enum.Enum) else value


def recorded(value, schema, definitions, depth=0):
    """The value with objects where its schema has objects that have a name."""
    if depth > DEPTH_MAX or not isinstance(schema, dict):
        return value
    if "$ref" in schema:
        schema = definitions.get(str(schema["$ref"]).rsplit("/", 1)[-1], {})
    if isinstance(value, list):
        return [recorded(item, schema.get("items"), definitions, depth + 1) for item in value]
    fields = schema.get("properties")
    if not isinstance(value, dict) or not isinstance(fields, dict):
        return value
    inner = {name: recorded(item, fields.get(name), definitions, depth + 1) for name, item in value.items()}
    if depth == 0 or not str(schema.get("title", "")).isidentifier():
        return inner
    return type(str(schema["title"]), (Record,), {})(**inner)


def plain(value):
    """The value as JSON can write it, where it has a way to say so."""
    if isinstance(value, dict):
        return {key if isinstance(key, (str, int, float, bool)) or key is None else str(key): plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [plain(item) for item in value]
    for dump in ("model_dump", "dict"):
        if callable(getattr(value, dump, None)) and not isinstance(value, type) and hasattr(type(value), "__fields__" if dump == "dict" else dump):
            return plain(getattr(value, dump)())
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return plain(dataclasses.asdict(value))
    return value


def told(value):
    """What the model is told of a value: a text as it is, anything else as Python writes it after JSON has; its parts; and as JSON."""
    if isinstance(value, str):
        return value, None, value
    value = loads(dumps(plain(value), default=str))
    return repr(value), parts_of(value), value


def exact(value):
    """The value where whoever reads it as JSON gets the same: there are numbers that JSON has no word for, or no room."""
    text = dumps(value)
    read = loads(text, parse_int=lambda digits: int(float(digits)) if len(digits) < 300 else None, parse_constant=lambda _: None)
    return {"value": value} if dumps(read) == text else {}


def parts_of(value):
    """The parts of a value where it is one or a list of them and there is an image; None for any other."""
    parts = value if isinstance(value, list) else [value]
    has_image = any(isinstance(part, dict) and part.get("type") in ("image", "image_url") for part in parts)
    return parts if has_image else None


# ---- A call ----


def function_of(namespace, tree_names, name):
    """The tool's function: the one of its name, or the last that the source has."""
    for candidate in [name] + tree_names[::-1]:
        if callable(namespace.get(candidate)):
            return namespace[candidate]
    raise NameError("The source has no function '{}'".format(name))


def compiled(source):
    """The source as code, with the names of its functions in their order."""
    flags = __future__.annotations.compiler_flag
    tree = ast.parse(source, "<tool>")
    names = [node.name for node in tree.body if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef))]
    return compile(tree, "<tool>", "exec", flags, dont_inherit=True), names


AROUND = {**{name: getattr(typing, name) for name in typing.__all__}, "AgentState": AgentState}


def namespace_of(code):
    """What the source finds around it: the names of `typing`, as annotations are often written without an import."""
    # Models of data look up their annotations in the module that they say they come from.
    sys.modules["tool"] = types.ModuleType("tool")
    namespace = vars(sys.modules["tool"])
    namespace.update(AROUND)
    if "client" in all_names(code) and "LETTA_API_KEY" in os.environ:
        # The key is there only where somebody granted it. Without the package there is no client, and the tool says so.
        with contextlib.suppress(ImportError):
            from letta_client import Letta

            address = {"base_url": os.environ["LETTA_BASE_URL"]} if "LETTA_BASE_URL" in os.environ else {}
            namespace["client"] = Letta(api_key=os.environ["LETTA_API_KEY"], **address)
    return namespace


def all_names(code):
    inner = [all_names(one) for one in code.co_consts if isinstance(one, type(code))]
    return set(code.co_names).union(*inner)


def arguments_of(request, function, agent):
    """The arguments of the call as the function wants them."""
    parameters = inspect.signature(function).parameters
    schema = request.get("schema") or {}
    given = recorded(request["args"], schema, schema.get("$defs") or schema.get("definitions") or {}) if schema else request["args"]
    arguments = {}
    for name, value in given.items():
        annotation = parameters[name].annotation if name in parameters else None
        try:
            kind = eval(annotation, function.__globals__) if isinstance(annotation, str) else annotation
        except Exception:
            kind = None
        try:
            arguments[name] = coerced(value, kind)
        except (TypeError, ValueError, SyntaxError) as error:
            raise ValueError("Failed to coerce argument '{}' to {}: {}".format(name, annotation, error)) from None
    if "agent_state" in parameters:
        arguments["agent_state"] = agent
    if "agent_id" in parameters and agent is not None:
        arguments.setdefault("agent_id", agent.id)
    return arguments


def ran(request, code, names):
    """Runs the tool and says what came of it."""
    agent = None if request["agent"] is None else AgentState(request["agent"])
    namespace = namespace_of(code)
    exec(code, namespace)
    function = function_of(namespace, names, request["name"])
    value = function(**arguments_of(request, function, agent))
    if inspect.isawaitable(value):
        value = asyncio.run(awaited(value))
    text, parts, value = told(value)
    before = {} if agent is None else {block["label"]: block["value"] for block in request["agent"]["blocks"]}
    after = {} if agent is None else {block.label: block.value for block in agent.memory.blocks}
    changed = {label: str(value) for label, value in after.items() if label in before and before[label] != value}
    return {"ok": True, "text": text[: request["chars"]], "parts": parts, "blocks": changed, **(exact(value) if request.get("typed") else {})}


async def awaited(value):
    return await value


def failed(name, error):
    """What is told of a tool that raised, and the trace that leads to its own lines."""
    kind = type(error).__name__
    told_error = "Error executing function {}: {}: {}".format(name, kind, error)
    if isinstance(error, NameError) and "'client'" in str(error) and "LETTA_API_KEY" in os.environ:
        told_error += '; the tool has to name {"name": "letta_client"} among its pip_requirements'
    frames = traceback.extract_tb(error.__traceback__)
    own = [frame for frame in frames if frame.filename != "worker"]
    lines = ["Traceback (most recent call last):\n"] + traceback.format_list(own) if own else []
    trace = "".join(lines + traceback.format_exception_only(type(error), error))
    return {"ok": False, "text": told_error[:ERROR_CHARS_MAX], "trace": trace[-TRACE_CHARS_MAX:]}


def without_network(reason):
    """Has whoever looks for a network told why there is none, instead of the system's own words."""
    made = socket.socket.__init__

    def make(self, *arguments, **options):
        try:
            made(self, *arguments, **options)
        except PermissionError:
            raise PermissionError(errno.EPERM, reason) from None

    def look_up(*_, **__):
        raise PermissionError(errno.EPERM, reason)

    socket.socket.__init__, socket.getaddrinfo = make, look_up


def answered(request, known=None):
    """What is told of a call, whatever it does, and how long its source took to compile."""
    os.environ.update(request["env"])
    name, seconds = request["name"], None
    if request["noNetwork"] is not None:
        without_network(request["noNetwork"])
    try:
        started = time.perf_counter()
        code, names = known or compiled(request["src"])
        seconds = time.perf_counter() - started
        answer = ran(request, code, names)
    except BaseException as error:
        try:
            answer = failed(name, error)
        except BaseException:
            answer = {"ok": False, "text": "Error executing function {}: {}".format(name, type(error).__name__), "trace": ""}
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(Exception):
            stream.flush()
    return answer, seconds


class Printed:
    """The beginning and the end of what is printed."""

    def __init__(self):
        self.head, self.tail, self.left_out = b"", b"", 0

    def add(self, data):
        room = PRINTED_BYTES - len(self.head)
        self.head += data[:room]
        self.tail += data[room:] if room > 0 else data
        over = len(self.tail) - PRINTED_BYTES
        if over > 0:
            self.tail, self.left_out = self.tail[over:], self.left_out + over

    def text(self):
        between = "\n[... {} bytes left out ...]\n".format(self.left_out).encode() if self.left_out else b""
        return (self.head + between + self.tail).decode("utf-8", "replace")
