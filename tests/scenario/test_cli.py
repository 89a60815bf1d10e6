# SPDX-License-Identifier: MIT
"""
The command line is a contract: what is right is accepted from every source, and what is wrong gets one sentence that
says where, what, and what would be right, with the exit status of its kind. Only the last part serves anybody.
"""
import re
import subprocess

import pytest

from harness import clients
from harness.command import CONFIGURATION, NO_INPUT, USAGE, assert_refused, brood
from harness.patience import BROOD, ROOT


def check_file(tmp_path, text, *words, env=None):
    (tmp_path / "brood.ini").write_bytes(text.encode() if isinstance(text, str) else text)
    return brood("check", "-c", "brood.ini", *words, env=env, cwd=tmp_path)


def values_of(printed):
    """{"calc": {"workers": ("40", "default")}}; repeated keys: the last one."""
    sections = {}
    for line in printed.splitlines():
        if line.startswith("["):
            section = sections.setdefault(line.strip("[]").removeprefix("service "), {})
        elif line:
            key, value, origin = re.fullmatch(r"(\S+) = (.*?) +\((.*)\)", line).groups()
            section[key] = (value, origin)
    return sections


# ---- What is wrong, and what is said then ------------------------------------------------------------------------

WRONG_WORDS = [
    # commands
    ([], "which command?"),
    (["srve"], "unknown command 'srve', did you mean 'serve'?"),
    (["banana"], "unknown command 'banana'; see: brood --help"),
    (["echo"], "'echo' is a handler: write brood serve echo"),
    (["ctl", "stpo"], "unknown verb 'stpo', did you mean 'stop'?"),
    (["help", "serve"], "brood help takes no further words: write brood serve --help"),
    (["--help", "echo"], "brood help takes no further words; what is 'echo'?"),
    (["--version", "2"], "brood --version takes no further words; what is '2'?"),
    # options
    (["check", "echo", "--worker", "5"], "unknown option --worker, did you mean --workers?"),
    (["check", "echo", "--idle", "5s"], "unknown option --idle, did you mean --idle-timeout?"),
    (["check", "echo", "--banana"], "unknown option --banana; see: brood serve echo --help"),
    (["check", "--banana", "echo"], "write it behind the handler"),
    (["check", "echo", "-x"], "unknown option -x"),
    (["check", "echo", "-model", "fork"], "did you mean --model?"),
    (["check", "echo", "--workers"], "--workers needs a value: write --workers N"),
    (["check", "echo", "--workers="], "--workers needs a value"),
    (["check", "echo", "--workers", "--"], "--workers needs a value"),
    (["check", "echo", "--help=yes"], "--help takes no value"),
    (["check", "echo", "-w", "5", "--workers=6"], "--workers: given twice"),
    (["check", "-c", "a", "-c", "b"], "--config: given twice"),
    (["serve", "echo", "--print"], "--print belongs to brood check"),
    # values
    (["check", "echo", "-w", "many"], "--workers: 'many' is not a whole number: write one from 1 to 100000"),
    (["check", "echo", "-w0"], "--workers: 0 is out of range"),
    (["check", "echo", "-w", "-5"], "--workers: -5 is out of range"),
    (["check", "echo", "-m", "frok"], "--model: 'frok' is unknown, did you mean 'fork'?"),
    (["check", "echo", "-m", "banana"], "--model: 'banana' is unknown; known: fork, prefork, thread"),
    (["check", "echo", "-m", "evnt"], "'evnt' is unknown, did you mean 'event'?"),
    (["check", "echo", "--fresh", "rewind"], "'rewind' is not part of this version; known: reused, oneshot"),
    (["check", "echo", "-m", "event", "--fresh", "oneshot"], "--fresh: model event cannot honour it"),
    (["check", "echo", "--max-conns", "5"], "--max-conns: model fork cannot honour it: leave it out, or choose model event"),
    (["check", "echo", "--idle-timeout", "30"], "--idle-timeout: '30' has no unit: write 30s"),
    (["check", "echo", "--idle-timeout", "0"], "write 1ms or more, or off"),
    (["check", "echo", "--idle-timeout", "200h"], "write at most 168h, or off"),
    (["check", "echo", "--max-packet", "64k"], "--max-packet: '64k' is out of range: write a size from 1 to 65507"),
    (["check", "echo", "--umask", "99"], "--umask: '99' is no set of permissions"),
    (["check", "echo", "--env", "=x"], "--env: '=x' is no variable with a value"),
    (["check", "echo", "--env", "X"], "write NAME=VALUE"),
    (["check", "echo", "--name", "a b"], "--name: 'a b' is no name"),
    (["check", "echo", "--log-level", "loud"], "--log-level: 'loud' is unknown; known: error, warn, info, debug"),
    (["check", "echo", "-l", "localhost:80"], "--listen: 'localhost:80' has no known scheme"),
    (["check", "echo", "-l", "tcp://:80?mode=0600"], "--listen: unknown setting 'mode': tcp:// and udp:// have only reuseport"),
    (["check", "echo", "-l", "unix:@a?mode=0600"], "--listen: 'mode': this kind of URL has no settings"),
    (["check", "echo", "-l", "unix:/x?mdoe=0600"], "did you mean 'mode'?"),
    (["check", "echo", "-l", "vsock://5"], "'vsock://5' has no port: write it after a colon, as in vsock://any:1234"),
    (["check", "echo", "-l", "udp://5"], "'udp://5' has no port: write it after a colon, as in udp://127.0.0.1:8080"),
    (["check", "echo"] + ["-l", "tcp://:1"] * 65, "--listen: given more than 64 times"),
    # what does not go together
    (["check", "echo", "-l", "tcp://:1", "-l", "tcp://[::1]:1"], "tcp://[::1]:1 is taken by tcp://:1 (--listen)"),
    (["serve", "echo", "-l", "unix:/x", "-l", "unix:/x"], "--listen: unix:/x is taken by unix:/x (--listen): keep one"),
    (["check", "echo", "--threads", "5"], "--threads: model fork has no threads"),
    (["check", "echo", "-m", "iterative", "-w", "5"], "--workers: model iterative has one worker"),
    (["check", "echo", "-m", "thread", "-w", "5"], "--workers: model thread has one worker with many threads"),
    (["check", "-w", "5"], "--workers describes a service: name its HANDLER"),
    (["check", "--stamp"], "--stamp belongs to a handler"),
    (["check", "-c", "x.ini", "echo"], "write 'handler = echo' into a [service NAME] in x.ini"),
    (["check", "-c", "x.ini", "--stamp"], "write 'stamp = yes' into its [service NAME] in x.ini"),
    # handlers and theirs
    (["check", "ehco"], "'ehco' is no handler, did you mean 'echo'?"),
    (["check", "banana"], "'banana' is no handler; known: echo, calc, hello, files, ./handler.so"),
    (["check", "mine.so"], "'mine.so' is no handler, did you mean './mine.so'?"),
    (["check", "files", "--", "x"], "handler files takes no command behind --"),
    (["check", "cgi"], "'cgi' is not part of this version; known: echo, calc, hello, files, ./handler.so"),
    (["check", ""], "the HANDLER is an empty word"),
    (["check", "echo", "calc"], "what is 'calc'? echo is the HANDLER"),
    (["check", "echo", "--", "ls"], "handler echo takes no command behind --"),
    (["check", "--", "ls"], "needs a HANDLER"),
    (["check", "calc", "--stamp"], "--stamp: neither a service nor handler calc has this option"),
    (["check", "echo", "--stmap"], "did you mean --stamp?"),
    (["check", "echo", "--stamp=maybe"], "--stamp: 'maybe' is neither yes nor no"),
    (["check", "echo", "--stamp", "--stamp"], "--stamp: given twice"),
    (["check", "echo", "--delay"], "--delay: needs a value"),
    (["check", "echo", "--delay", "5"], "--delay: '5' has no unit"),
    (["check", "echo", "--delay", "off"], "--delay: 'off' is no time here"),
]

SERVICE = "[service x]\nhandler = echo\n"

WRONG_FILES = [
    ("", "brood.ini: no service in it"),
    ("[brood]\nlog-level = info\n", "brood.ini: no service in it"),
    ("handler = echo\n", "brood.ini:1: 'handler' stands before the first section"),
    ("[brod]\n", "brood.ini:1: unknown section 'brod', did you mean 'brood'?"),
    ("[servise x]\n", "brood.ini:1: unknown section 'servise', did you mean 'service'?"),
    ("[banana]\n", "brood.ini:1: unknown section 'banana': there are [brood] and [service NAME]"),
    ("[service]\n", "brood.ini:1: [service] has no name"),
    ("[brood x]\n", "brood.ini:1: [brood] has no name"),
    ("[brood]\n[brood]\n", "brood.ini:2: [brood] is there twice, first in line 1"),
    (SERVICE + SERVICE, "brood.ini:3: [service x] is there twice, first in line 1"),
    ("[brood]\nlog-levle = info\n", "brood.ini:2: unknown key 'log-levle', did you mean 'log-level'?"),
    ("[brood]\nbanana = 1\n", "brood.ini:2: unknown key 'banana' in [brood]"),
    ("[brood]\nworkers = 1\n", "brood.ini:2: workers: describes one service"),
    ("[brood]\nconfig = x\n", "brood.ini:2: unknown key 'config'"),
    (SERVICE + "log-level = info\n", "brood.ini:3: log-level: concerns all services: move it to [brood]"),
    (SERVICE + "name = y\n", "brood.ini:3: name: no key"),
    (SERVICE + "wrokers = 1\n", "brood.ini:3: wrokers: unknown key, did you mean 'workers'?"),
    (SERVICE + "stmap = yes\n", "brood.ini:3: stmap: unknown key, did you mean 'stamp'?"),
    (SERVICE + "banana = yes\n", "brood.ini:3: banana: neither a service nor handler echo has this key"),
    (SERVICE + "stamp = 1\n", "brood.ini:3: stamp: '1' is neither yes nor no"),
    (SERVICE + "workers = many\n", "brood.ini:3: workers: 'many' is not a whole number"),
    (SERVICE + "workers = 5 # five\n", "brood.ini:3: workers: '5 # five' is not a whole number"),
    (SERVICE + "workers = 5\n\nworkers = 5\n", "brood.ini:5: workers: given twice, first in line 3"),
    (SERVICE + "stamp = yes\nstamp = yes\n", "brood.ini:4: stamp: given twice"),
    (SERVICE + "handler = calc\n", "brood.ini:3: handler: given twice, first in line 2"),
    (SERVICE + "model = evnt\n", "brood.ini:3: model: 'evnt' is unknown, did you mean 'event'?"),
    (SERVICE + "model = prefork\nmax-conns = 5\n", "brood.ini:4: max-conns: model prefork cannot honour it"),
    (SERVICE + "threads = 5\n", "brood.ini:3: threads: model fork has no threads"),
    (SERVICE + "model = thread\nworkers = 5\n", "brood.ini:4: workers: model thread has one worker"),
    (SERVICE + "listen = tcp://:99999\n", "brood.ini:3: listen: 'tcp://:99999' has port '99999'"),
    (SERVICE + "listen = unix:@x\nlisten = unix:@x\n", "brood.ini:4: listen: unix:@x is taken by unix:@x (brood.ini:3"),
    (SERVICE + "listen = tcp://:80\n[service y]\nhandler = echo\nlisten = tcp://127.0.0.1:80\n",
     "brood.ini:6: listen: tcp://127.0.0.1:80 is taken by tcp://:80 (brood.ini:3: listen): keep one of them"),
    (SERVICE + "[service y]\nhandler = echo\nlisten = tcp://localhost:50007\n",
     "brood.ini:5: listen: tcp://localhost:50007 is taken by tcp://127.0.0.1:50007 (brood.ini:1: [service x])"),
    (SERVICE + "[service y]\nhandler = echo\n", "brood.ini:3: [service y]: tcp://127.0.0.1:50007 is taken by"),
    (SERVICE + "listen =\n", "brood.ini:3: 'listen' has no value"),
    (SERVICE + "listen tcp://:80\n", "brood.ini:3: 'listen tcp://:80' is neither a section nor a key"),
    ("[service x]\nlisten = tcp://:80\n", "brood.ini:1: [service x] has no handler"),
    ("[service x]\nhandler = ehco\n", "brood.ini:2: handler: 'ehco' is no handler, did you mean 'echo'?"),
    ("[service x]\nhandler = cgi\n", "brood.ini:2: handler: 'cgi' is not part of this version"),
    ("[service x]\nhandler = echo now\n", "brood.ini:2: handler: what is 'now'? echo is the HANDLER"),
    ("[service x]\nhandler = 'echo\n", "brood.ini:2: handler: a ' quote is not closed"),
    ("[service x]\nhandler = ./none.so\n", "brood.ini:2: handler: cannot read ./none.so: No such file"),
    (b"[service x]\n\0\n", "brood.ini:2: there is a control byte (0x00) in column 1"),
    ("[service x]\n" + "x" * 4097, "brood.ini:2: this line is longer than 4096 bytes"),
    ("".join(f"[service s{n}]\nhandler = echo\n" for n in range(65)), "brood.ini:129: more than 64 services"),
    ("# long\n" * 150000, "brood.ini: is longer than 1048576 bytes"),
]

SENTENCES = {sentence for _, sentence in WRONG_WORDS + WRONG_FILES}


def name_of(case):
    """Of a test: its input alone."""
    return "" if isinstance(case, str) and case in SENTENCES else repr(case)[:40]


@pytest.mark.parametrize("words, sentence", WRONG_WORDS, ids=name_of)
def test_a_wrong_word_gets_one_sentence(words, sentence):
    assert_refused(brood(*words), USAGE, sentence)


@pytest.mark.parametrize("text, sentence", WRONG_FILES, ids=name_of)
def test_a_wrong_file_gets_one_sentence_with_its_line(tmp_path, text, sentence):
    assert_refused(check_file(tmp_path, text), CONFIGURATION, sentence)
    assert brood("serve", "-c", "brood.ini", cwd=tmp_path).returncode in (NO_INPUT, CONFIGURATION)


def test_a_file_that_is_not_there_is_66_for_serve_and_78_for_check(tmp_path):
    assert_refused(brood("serve", "-c", "none.ini", cwd=tmp_path), NO_INPUT, "none.ini: No such file")
    assert_refused(brood("check", "-c", "none.ini", cwd=tmp_path), CONFIGURATION, "none.ini: No such file")
    assert_refused(brood("serve", "-c", ".", cwd=tmp_path), NO_INPUT, ".: Is a directory")


# ---- What is right ------------------------------------------------------------------------------------------------

def test_a_right_file_is_accepted_in_any_dress(tmp_path):
    text = ("\ufeff# a comment\r\n[brood]\r\nlog-level = warn\r\n\r\n[service a]\r\n  handler = 'echo'\r\n"
            "listen=tcp://:1")
    result = check_file(tmp_path, text)
    assert (result.returncode, result.stdout, result.stderr) == (0, "brood.ini: 1 service, no mistake found\n", "")


def test_print_shows_every_value_and_its_source(tmp_path):
    text = ("[brood]\nlog-level = warn\nlog-format = json\n[service a]\nhandler = echo\nstamp = yes\nworkers = 7\n"
            "listen = tcp://:1\nlisten = udp://:1\nidle-timeout = 90s\n[service b]\nhandler = calc\nmodel = thread\n")
    result = check_file(tmp_path, text, "--print", "--log-format", "text", env={"BROOD_LOG_LEVEL": "debug"})
    assert result.returncode == 0, result.stderr
    values = values_of(result.stdout)
    assert values["brood"]["log-level"] == ("debug", "environment BROOD_LOG_LEVEL")
    assert values["brood"]["log-format"] == ("text", "command line")
    assert values["a"]["handler"] == ("echo", "brood.ini:5")
    assert values["a"]["stamp"] == ("yes", "brood.ini:6")
    assert values["a"]["delay"] == ("0", "default")
    assert values["a"]["workers"] == ("7", "brood.ini:7")
    assert values["a"]["idle-timeout"] == ("90s", "brood.ini:10")
    assert re.findall(r"^listen = (\S+) +\((.*)\)$", result.stdout, re.M) == [
        ("tcp://:1", "brood.ini:8"), ("udp://:1", "brood.ini:9"), ("tcp://127.0.0.1:8999", "default")]
    assert values["b"]["model"] == ("thread", "brood.ini:13")
    assert values["b"]["workers"] == ("1", "default")
    assert values["b"]["threads"] == ("64", "default")


def test_the_defaults_that_help_names_are_those_in_effect():
    """Help has them from the command's table; what is in effect the library decides."""
    help_text = re.sub(r"\s+", " ", brood("serve", "--help").stdout)
    values = values_of(brood("check", "--print", "echo").stdout)["echo"]
    values.update(threads=values_of(brood("check", "--print", "echo", "-m", "thread").stdout)["echo"]["threads"])
    defaults = dict(re.findall(r" --([a-z0-9-]+)(?: [A-Z][^ ]*| on\|off)? (?:(?! --).)*?\(default (\w+)\)", help_text))
    assert len(defaults) >= 14
    for name in defaults.keys() & values.keys():
        assert values[name] == (defaults[name], "default"), name


def test_command_line_beats_environment_beats_file_and_lists_are_replaced_whole(tmp_path):
    env = {"BROOD_WORKERS": "5", "BROOD_LISTEN": "tcp://:1 udp://:2", "BROOD_MODEL": ""}
    only_env = brood("check", "echo", "--print", env=env).stdout
    assert values_of(only_env)["echo"]["workers"] == ("5", "environment BROOD_WORKERS")
    assert values_of(only_env)["echo"]["model"] == ("fork", "default")
    assert only_env.count("(environment BROOD_LISTEN)") == 2
    both = brood("check", "echo", "--print", "-w6", "-l", "tcp://:3", env=env).stdout
    assert values_of(both)["echo"]["workers"] == ("6", "command line")
    assert re.findall(r"^listen = (\S+)", both, re.M) == ["tcp://:3"]


def test_a_wrong_value_is_an_error_even_where_a_stronger_source_wins():
    result = brood("check", "echo", "-w", "6", env={"BROOD_WORKERS": "many"})
    assert_refused(result, USAGE, "BROOD_WORKERS: 'many' is not a whole number")


@pytest.mark.parametrize("name, warning", [
    ("BROOD_WORKRS", "BROOD_WORKRS is not read, did you mean BROOD_WORKERS?"),
    ("BROOD_IDLE", "BROOD_IDLE is not read, did you mean BROOD_IDLE_TIMEOUT?"),
    ("BROOD_LOG-LEVEL", "BROOD_LOG-LEVEL is not read, did you mean BROOD_LOG_LEVEL?"),
    ("BROOD_workers", "BROOD_workers is not read, did you mean BROOD_WORKERS?"),
    ("BROOD_CONFIG", "BROOD_CONFIG is not read, write --config"),
    ("BROOD_SOMEBODY_ELSES", None), ("BROOD_", None), ("BROOD_" + "X" * 100, None), ("BROODWORKERS", None),
])
def test_a_misspelt_variable_is_warned_of_and_others_are_not(name, warning):
    result = brood("check", "echo", env={name: "5"})
    assert result.returncode == 0
    assert result.stderr == (f"brood: warning: {warning}\n" if warning else "")
    assert brood("check", "echo", env={name: ""}).stderr == ""


@pytest.mark.parametrize("words, env, sentence", [
    (["--workers", "5"], {}, "--workers cannot stand beside --config: write 'workers = 5' into its [service"),
    ([], {"BROOD_WORKERS": "5"}, "BROOD_WORKERS cannot stand beside --config: write 'workers = 5'"),
    (["--name", "x"], {}, "--name cannot stand beside --config: the name is written in brood.ini, as in [service"),
])
def test_options_of_a_service_beside_a_file_are_told_their_key(tmp_path, words, env, sentence):
    assert_refused(check_file(tmp_path, SERVICE, *words, env=env), USAGE, sentence)


@pytest.mark.parametrize("words", [
    ["--workers", "5", "echo", "--stamp"], ["echo", "--stamp", "-w", "5"], ["--stamp", "-w5", "echo"],
    ["echo", "--workers=5", "--stamp=yes"], ["--delay", "1s", "echo", "-w", "5", "--stamp"],
])
def test_options_stand_anywhere(words):
    values = values_of(brood("check", "--print", *words).stdout)["echo"]
    assert values["workers"] == ("5", "command line")
    assert values["stamp"] == ("yes", "command line")


def test_help_is_on_standard_output_and_80_columns_wide():
    for words in "--help", "serve --help", "check --help", "serve echo --help", "serve calc -h":
        result = brood(*words.split())
        assert (result.returncode, result.stderr) == (0, "")
        assert max(map(len, result.stdout.splitlines())) <= 80, words
        assert "echo" in result.stdout or "calc" in result.stdout
    assert "--stamp" in brood("serve", "echo", "--help").stdout
    assert re.fullmatch(r"brood \d+\.\d+\.\d+\n", brood("--version").stdout)


def test_help_names_every_option():
    shown = set(re.findall(r"^ +(?:-\w, )?--([a-z0-9-]+)", brood("check", "--help").stdout, re.M))
    assert {"listen", "model", "workers", "kill-after", "env", "log-file", "config", "print", "help"} <= shown


def test_the_reference_page_lists_the_options_of_help():
    page = (ROOT / "docs" / "reference" / "command.md").read_text()
    rows = re.findall(r"^\| (?:`(-\w)`, )?`--([a-z0-9-]+)(?: ([^`]+))?` \| ([^|]*?) \|", page.replace("\\|", "/"), re.M)
    text = brood("check", "--help").stdout
    shown = re.findall(r"^ +(?:(-\w), )?--([a-z0-9-]+)(?: ([^ (\n]+))?(?= |$)", text.replace("on|off", "on/off"), re.M)
    assert [row[:3] for row in rows] == shown
    for _, name, _, default in rows:
        entry = re.search(rf"--{name}\b.*?(?=\n +(?:-\w, )?--|\n\n|\Z)", text, re.S).group()
        told = re.search(r"\(default\s+(\w+)\)", entry)
        assert (told.group(1) if told else "") == (default.strip("`") if re.fullmatch(r"`\w+`", default) else ""), name


def test_help_that_cannot_be_written_is_an_error():
    with open("/dev/full", "w", encoding="ascii") as full:
        result = subprocess.run([str(BROOD), "--help"], stdout=full, stderr=subprocess.PIPE, check=False)
    assert result.returncode == 71


# ---- A handler of the user's --------------------------------------------------------------------------------------

@pytest.mark.parametrize("symbol, status, sentence", [
    (":none", CONFIGURATION, "has no symbol none: define"),
    (":too_small", CONFIGURATION, "too_small has 16 bytes and a struct brood_handler of this version"),
    (":is_a_function", CONFIGURATION, "is_a_function is no struct brood_handler but another kind of symbol"),
    (":idle_hands", CONFIGURATION, "idle_hands has no .handle"),
    (":out_of_bounds", CONFIGURATION, "its option --far does not fit into its 8 bytes"),
    (":no symbol", USAGE, "has no symbol behind ':'"),
])
def test_a_shared_object_without_a_handler_is_told_why(handlers, symbol, status, sentence):
    words = f"{handlers('options')}{symbol}", "-l", "tcp://127.0.0.1:0"
    assert_refused(brood("check", *words), status, sentence)


def test_a_file_that_is_no_shared_object_is_refused(tmp_path):
    (tmp_path / "x.so").write_text("no library")
    assert_refused(brood("check", "./x.so", "-l", "tcp://:1", cwd=tmp_path), CONFIGURATION, "cannot load the handler")
    assert_refused(brood("serve", "./y.so", "-l", "tcp://:1", cwd=tmp_path), NO_INPUT, "cannot read ./y.so: No such file")


def test_options_of_a_loaded_handler_are_checked_too(handlers, tmp_path):
    path = handlers("options")
    assert_refused(brood("check", path), USAGE, "has no port of its own")
    assert_refused(brood("check", path, "-l", "tcp://:1", "--luod"), USAGE, "did you mean '--loud'?")
    assert_refused(brood("check", path, "-l", "tcp://:1", "--loud", "stray"), USAGE, "--loud: takes no value")
    assert_refused(brood("check", path, "-l", "tcp://:1", "--number"), USAGE, "--number: needs a value")
    result = check_file(tmp_path, f"[service x]\nhandler = {path}\nlisten = tcp://:1\nnumbre = 1\n")
    assert_refused(result, CONFIGURATION, "brood.ini:4: numbre: unknown key, did you mean 'number'?")
    values = values_of(brood("check", "--print", path, "-l", "tcp://:1", "--number", "7").stdout)["options"]
    assert values["number"] == ("7", "command line")
    assert "--pause TIME" in brood("serve", path, "--help").stdout


def test_a_wrong_option_of_a_loaded_handler_ends_serve_with_its_sentence(handlers):
    result = brood("serve", handlers("options"), "-l", "tcp://127.0.0.1:0", "--luod")
    assert result.returncode == USAGE
    assert result.stderr.splitlines()[-1] == "brood: --luod: unknown option, did you mean '--loud'?"


def test_a_loaded_handler_gets_its_options_and_its_process(start, handlers, tmp_path):
    own = "--loud", "--pause", "5ms", "--number=7", "--text", "a b"
    served = start(handlers("options"), *own, "--chdir", tmp_path, "--umask", "027", "--env", "OPTIONS_TEST=x=y")
    expected = f"loud=1 pause=5 number=7 text=a b dir={tmp_path} umask=027 variable=x=y\n"
    assert clients.ask(served.url) == expected.encode()


def test_a_file_serves_several_services(start, tmp_path):
    (tmp_path / "brood.ini").write_text("[service one]\nhandler = echo\nlisten = tcp://127.0.0.1:0\n"
                                        "[service two]\nhandler = calc\nmodel = thread\nlisten = tcp://127.0.0.1:0\n")
    served = start("-c", tmp_path / "brood.ini", listen=(), listeners=2, warm=False)
    served.checked = False  # the invariants are those of one service
    assert sorted(clients.ask(url, b"1+1\n") for url in served.urls) == [b"1+1\n", b"2\r\n"]
