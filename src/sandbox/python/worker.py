"""Runs tools written in Python, inside a jail.

The server starts one of these for a set of tools and sends it calls, a line of JSON each, on descriptor 3. This process
reads no foreign code itself: it forks a child for each call, which runs the tool and ends. So nothing that a tool leaves
behind is seen by the next one. Answers go out on descriptor 4, a line each. A child has neither of the two: it has a pipe
of its own, and whatever it writes there can be an answer to its own call alone.

`config` and `rest`, what was read of descriptor 3 already, come from the few lines that start this program; `call.py`
stands before it.
"""

import resource
import select

REQUESTS, ANSWERS = 3, 4
# Bytes of the line in which a child tells its result.
RESULT_BYTES_MAX = 8 * 1024 * 1024
READ_BYTES = 256 * 1024
# Sources that are kept compiled, and what one may be that is.
COMPILED_MAX = 256
COMPILED_CHARS_MAX = 200000
COMPILED_SECONDS_MAX = 0.05
# Children that are cleared away at once, at the latest.
ENDING_MAX = 8
# Connections to the proxy at once: each takes two of the files that a process may have open.
FORWARDED_MAX = 24
SCRATCH = config["scratch"]


def prepare():
    """All of a child's work that does not depend on its call, done before that comes: memory that is used once is its own."""
    os.environ.clear()
    os.environ.update(config["environment"])
    os.chdir(SCRATCH)
    take(child_filter)
    dumps(ran(REHEARSAL, *compiled(REHEARSAL["src"])))


def child(request, result, known):
    """Runs in the child: the call, from its first to its last instruction."""
    seconds = max(1, math.ceil(request["ms"] / 1000) + 1)
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
    answer, seconds = answered(request, known)
    answer["seconds"] = seconds
    line = dumps(answer, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    while line:
        line = line[write(result, line) :]


# ---- The locks ----


def load_filter(text):
    """A filter of system calls as the kernel takes it; None where this Python cannot give it one."""
    if text is None or libc is None:
        return None
    program = base64.b64decode(text)
    buffer = ctypes.create_string_buffer(program, len(program))
    return Program(len(program) // 8, ctypes.cast(buffer, ctypes.c_void_p)), buffer


def take(loaded):
    """Takes a filter on, for good."""
    if loaded is None:
        return
    if libc.prctl(38, 1, 0, 0, 0) != 0 or libc.prctl(22, 2, ctypes.byref(loaded[0])) != 0:
        raise OSError(ctypes.get_errno(), "The filter of system calls was not taken")


try:
    import ctypes

    libc = ctypes.CDLL(None, use_errno=True)

    class Program(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]

except Exception:
    libc = None

child_filter = load_filter(config["childFilter"])


class Ruleset(ctypes.Structure if libc else object):
    _fields_ = [("files", ctypes.c_uint64), ("network", ctypes.c_uint64), ("scoped", ctypes.c_uint64)] if libc else []


class Beneath(ctypes.Structure if libc else object):
    _pack_ = 1
    _fields_ = [("allowed", ctypes.c_uint64), ("folder", ctypes.c_int32)] if libc else []


READ_FILE, READ_FOLDER, WRITE_FILE, TRUNCATE = 1 << 2, 1 << 3, 1 << 1, 1 << 14
# All that can be done to files since the first version, and what the second, third and fifth have added.
FILE_RIGHTS = ((1, (1 << 13) - 1), (2, 1 << 13), (3, TRUNCATE), (5, 1 << 15))


def landlock(number, *arguments):
    done = libc.syscall(ctypes.c_long(number), *arguments)
    if done < 0:
        raise OSError(ctypes.get_errno(), "Landlock refused")
    return done


def lock_in(lock):
    """Locks this process in, where nothing around it does: reading in some places, writing in one, no network."""
    os.setsid()
    version = landlock(444, None, ctypes.c_size_t(0), ctypes.c_uint32(1))
    rights = sum(bits for since, bits in FILE_RIGHTS if version >= since)
    rules = Ruleset(rights, 3 if version >= 4 and not lock["network"] else 0, 3 if version >= 6 else 0)
    size = 24 if version >= 6 else 16 if version >= 4 else 8
    ruleset = landlock(444, ctypes.byref(rules), ctypes.c_size_t(size), ctypes.c_uint32(0))
    reading = READ_FILE | READ_FOLDER
    places = [(path, reading) for path in lock["read"]] + [(SCRATCH, rights & ~(1 | 1 << 6 | 0b111 << 9) | reading)]
    places += [("/dev/null", READ_FILE | WRITE_FILE), ("/dev/urandom", READ_FILE)]
    for path, allowed in places:
        place = os.open(path, os.O_PATH | os.O_CLOEXEC)
        mine = allowed if os.path.isdir(path) else allowed & (READ_FILE | WRITE_FILE | TRUNCATE) & rights
        landlock(445, ctypes.c_int(ruleset), ctypes.c_int(1), ctypes.byref(Beneath(mine, place)), ctypes.c_uint32(0))
        os.close(place)
    libc.prctl(38, 1, 0, 0, 0)
    landlock(446, ctypes.c_int(ruleset), ctypes.c_uint32(0))
    os.close(ruleset)
    return version


version = 0
if config["lock"] is not None:
    version = lock_in(config["lock"])
    take(load_filter(config["lock"]["filter"]))


# ---- The parent ----


class Call:
    """A call at work in a child."""

    def __init__(self, request, pid, pipes):
        self.request, self.pid = request, pid
        self.result, self.out, self.err = pipes
        self.line, self.printed = [], {self.out: Printed(), self.err: Printed()}
        self.bytes, self.ends = 0, request["ends"]


waiting, working, sources = collections.deque(), {}, collections.OrderedDict()
# A child that was forked ahead, so that the next call need not wait for that.
spare = []
# Children that were ended and are still to be cleared away.
ending = set()
poll = select.poll()


def say(line):
    data = dumps(line, ensure_ascii=False).encode("utf-8", "replace") + b"\n"
    while data:
        data = data[write(ANSWERS, data) :]


def forked():
    """Forks a child that waits for its call: its number, the end by which it is told, and the ends that it is heard by."""
    pipes = [os.pipe() for _ in range(4)]
    try:
        pid = os.fork()
    except OSError:
        for end in itertools.chain(*pipes):
            os.close(end)
        raise
    if pid == 0:
        code = 70
        try:
            os.setsid()
            if libc is not None:
                libc.prctl(1, signal.SIGKILL)
            signal.signal(signal.SIGINT, signal.SIG_DFL)
            asked, kept = os.dup(pipes[3][0]), os.dup(pipes[0][1])
            os.dup2(pipes[1][1], 1)
            os.dup2(pipes[2][1], 2)
            os.dup2(asked, 3)
            os.dup2(kept, 4)
            os.closerange(5, 64)
            prepare()
            with os.fdopen(3, "rb") as asked:
                line = asked.readline()
            if line:
                request = loads(line)
                child(request, 4, sources.get(request["src"]))
            code = 0
        finally:
            os._exit(code)
    for _, end in pipes[:3]:
        os.close(end)
    os.close(pipes[3][0])
    return pid, pipes[3][1], [end for end, _ in pipes[:3]]


def start(request):
    """Gives a call to the child that was forked ahead, or to a new one."""
    try:
        pid, tell, ends = spare.pop() if spare else forked()
    except OSError as error:
        return say({"id": request["id"], "lost": "died", "reason": "no process could be started for it ({})".format(error.strerror)})
    call = Call(request, pid, ends)
    for end in ends:
        os.set_blocking(end, False)
        poll.register(end, select.POLLIN)
        working[end] = call
    line = dumps(request).encode() + b"\n"
    with contextlib.suppress(OSError):
        while line:
            line = line[os.write(tell, line) :]
    os.close(tell)


def hear(call, end):
    """Reads what has come from a child; its end is the call's."""
    try:
        data = os.read(end, READ_BYTES)
    except BlockingIOError:
        return
    if end in call.printed:
        if data:
            call.printed[end].add(data)
        else:
            poll.unregister(end)
    elif data:
        call.line.append(data)
        call.bytes += len(data)
        if data.endswith(b"\n"):
            finish(call, None)
        elif call.bytes > RESULT_BYTES_MAX:
            finish(call, {"ok": False, "text": "Error executing function {}: its result is too large".format(call.request["name"]), "trace": ""})
    else:
        finish(call, None)


def finish(call, answer, lost=None):
    """Ends a call with its child, whatever that is doing, and tells what came of it."""
    if answer is None and lost is None:
        answer = result_of(call)
    if answer is not None:
        # Nobody needs to wait until the system has cleared the child away.
        told_of(call, answer)
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(call.pid, signal.SIGKILL)
    with contextlib.suppress(ProcessLookupError):
        os.kill(call.pid, signal.SIGKILL)
    ending.add(call.pid)
    for end in (call.result, call.out, call.err):
        with contextlib.suppress(KeyError):
            poll.unregister(end)
        os.close(end)
        del working[end]
    if answer is None:
        status = reap(call.pid)
        how, reason = lost or ("died", how_it_ended(status))
        say({"id": call.request["id"], "lost": how, "reason": reason})


def reap(pid):
    """Waits until a child that was ended is gone."""
    ending.remove(pid)
    return os.waitpid(pid, 0)[1]


def clear():
    """Clears away what calls have left, before another one begins that could find it."""
    for pid in set(ending):
        reap(pid)
    tidy()


def chores(is_used):
    """What can wait until there is nothing else to do."""
    clear()
    if is_used and not spare:
        with contextlib.suppress(OSError):
            spare.append(forked())


def told_of(call, answer):
    for end in call.printed:
        drain(call, end)
    out, err = call.printed[call.out].text(), call.printed[call.err].text() + answer.get("trace", "")
    kept = {"value": answer["value"]} if "value" in answer else {}
    rest = {**kept, "parts": answer.get("parts"), "blocks": answer.get("blocks", {}), "stdout": out, "stderr": err}
    say({"id": call.request["id"], "ok": answer["ok"], "text": answer["text"], **rest})


def drain(call, end):
    """What a child printed last may still be on its way when it is gone."""
    for _ in range(64):
        try:
            data = os.read(end, READ_BYTES)
        except OSError:
            return
        if not data:
            return
        call.printed[end].add(data)


def result_of(call):
    """What the child said, if that is an answer: it may have written anything."""
    try:
        answer = loads(b"".join(call.line))
        blocks = {str(label): str(value) for label, value in answer.get("blocks", {}).items()}
        seconds = answer.get("seconds")
        remember(call.request["src"], seconds)
        told = {"text": str(answer["text"]), "parts": answer.get("parts"), "trace": str(answer.get("trace", ""))}
        return {"ok": answer["ok"] is True, "blocks": blocks, **told, **(exact(answer["value"]) if "value" in answer else {})}
    except Exception:
        return None


def remember(source, seconds):
    """Keeps a source compiled that a child has compiled without harm, and quickly."""
    if source in sources:
        return sources.move_to_end(source)
    if not isinstance(seconds, float) or seconds > COMPILED_SECONDS_MAX or len(source) > COMPILED_CHARS_MAX:
        return None
    sources[source] = compiled(source)
    if len(sources) > COMPILED_MAX:
        sources.popitem(last=False)


def how_it_ended(status):
    if os.WIFSIGNALED(status):
        number = os.WTERMSIG(status)
        return "its process was ended by " + (signal.Signals(number).name if number in list(signal.Signals) else str(number))
    return "its process ended with code {} before it answered".format(os.WEXITSTATUS(status))


def tidy():
    """Removes what calls have left on the disk, once none is at work."""
    if working:
        return
    with contextlib.suppress(OSError):
        for entry in os.scandir(SCRATCH):
            if entry.is_dir(follow_symlinks=False):
                shutil.rmtree(entry.path, ignore_errors=True)
            else:
                with contextlib.suppress(OSError):
                    os.unlink(entry.path)


def take_request(request):
    """A call, or the wish to call one off."""
    if "kill" not in request:
        request["ends"] = time.monotonic() + request["ms"] / 1000
        return waiting.append(request)
    wanted = request["kill"]
    for queued in [queued for queued in waiting if queued["id"] == wanted]:
        waiting.remove(queued)
        say({"id": wanted, "lost": "cancelled", "reason": "it was called off before it began"})
    for call in {call for call in working.values() if call.request["id"] == wanted}:
        finish(call, None, ("cancelled", "it was called off"))


def serve(data):
    """Takes calls until the server is gone."""
    poll.register(REQUESTS, select.POLLIN)
    used = False
    while True:
        *lines, data = data.split(b"\n")
        for line in lines:
            take_request(loads(line))
        while waiting and len(working) < 3 * config["parallel"]:
            if ending and not working:
                clear()
            start(waiting.popleft())
            used = True
        soonest = min([call.ends for call in working.values()] + [request["ends"] for request in waiting], default=None)
        pause = None if soonest is None else max(0, math.ceil((soonest - time.monotonic()) * 1000))
        events = poll.poll(0)
        if not events or len(ending) >= ENDING_MAX:
            chores(used and not waiting)
        for end, _ in events or poll.poll(pause):
            if end == REQUESTS:
                piece = os.read(REQUESTS, READ_BYTES)
                if not piece:
                    for call in set(working.values()):
                        finish(call, None, ("died", "the server is gone"))
                    return
                data += piece
            elif end in working:
                hear(working[end], end)
        end_late(time.monotonic())


def end_late(now):
    for request in [request for request in waiting if request["ends"] <= now]:
        waiting.remove(request)
        say({"id": request["id"], "lost": "late", "reason": "other calls were still at work when its time was over"})
    for call in {call for call in working.values() if call.ends <= now}:
        finish(call, None, ("late", "it had not answered after {:g} seconds".format(call.request["ms"] / 1000)))


def forward(listener, path):
    """Copies what tools send to the address of the proxy on to the server's socket, and back, in a process of its own."""
    free = threading.BoundedSemaphore(FORWARDED_MAX)

    def copy(source, sink):
        with contextlib.suppress(OSError):
            for data in iter(lambda: source.recv(65536), b""):
                sink.sendall(data)
        with contextlib.suppress(OSError):
            sink.shutdown(socket.SHUT_WR)

    def pair(inside):
        with contextlib.suppress(OSError), free, inside, socket.socket(socket.AF_UNIX) as outside:
            outside.connect(path)
            back = threading.Thread(target=copy, args=(outside, inside), daemon=True)
            back.start()
            copy(inside, outside)
            back.join()

    while True:
        inside, _ = listener.accept()
        with free:
            threading.Thread(target=pair, args=(inside,), daemon=True).start()


if config["proxy"] is not None:
    import threading

    listener = socket.create_server(("127.0.0.1", 3128), backlog=64)
    if os.fork() == 0:
        os.closerange(0, 5)
        threading.stack_size(256 * 1024)
        forward(listener, config["proxy"])
    listener.close()

with contextlib.suppress(OSError):
    os.nice(5)
sys.path.extend(config["packages"])
gc.collect()
gc.freeze()
say({"ready": True, "version": "{}.{}.{}".format(*sys.version_info[:3]), "filter": child_filter is not None, "landlock": version})
serve(rest)
