# SPDX-License-Identifier: MIT
"""The models as the scenarios name them. A new one joins every scenario about its kind by a name here."""
import concurrent.futures

_WORDS = {
    "iterative": ("--model", "iterative"),
    "fork": ("--model", "fork"),
    "thread": ("--model", "thread"),
    "prefork": ("--model", "prefork"),
    "oneshot": ("--model", "prefork", "--fresh", "oneshot"),
    # With something to say for the dead each worker has a keeper.
    "kept": ("--model", "prefork", "--last-words", "sorry\\r\\n"),
    "oneshot-kept": ("--model", "prefork", "--fresh", "oneshot", "--last-words", "sorry\\r\\n"),
    # Whoever wants a bound has but one worker, so that the bound is that of all.
    "event": ("--model", "event"),
}

# Whose workers are processes with one client each, so that one of them may die and nobody else notices.
PROCESSES = ["fork", "prefork", "oneshot"]

# Whose workers may die, and the service process does not: it tells what they had in hand.
MORTAL = [*PROCESSES, "event"]

EVERY = ["iterative", "thread", *MORTAL]


def each(names, act):
    """act(name) for all of them at the same time: for what takes its seconds, and hardly any CPU. Their answers."""
    with concurrent.futures.ThreadPoolExecutor(len(names)) as pool:
        futures = [pool.submit(act, name) for name in names]
    for name, future in zip(names, futures):
        failure = future.exception()
        if failure:
            raise AssertionError(f"{name}: {failure}") from failure
    return [future.result() for future in futures]


def words(model, at_once=None):
    """Of the command line. at_once: how many clients, where the model has more than one."""
    if at_once is None and model == "event":
        return (*_WORDS[model], "--workers", "2")
    if at_once is None or model == "iterative":
        return _WORDS[model]
    if model == "event":
        return (*_WORDS[model], "--workers", "1", "--max-conns", str(at_once))
    return (*_WORDS[model], "--threads" if model == "thread" else "--workers", str(at_once))
