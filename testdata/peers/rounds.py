"""What the comparisons in this folder share: rounds in turn, statistics, rows of the tables.

A comparison runs Glimpse and its peers in turn in one run, many short rounds each: machines are noisy,
so the smallest times are what compares, and medians stand beside. A script looks like this:

    args = rounds.arguments(__doc__)                       # --bench, --rounds, --threads
    numpy, sklearn = rounds.peer("numpy"), rounds.peer("sklearn.decomposition")   # None, and a line, when not here
    for threads in args.threads:
        with rounds.Bench(args.bench, threads, "pca", path, 2, out) as ours:
            times = rounds.turns(args.rounds, {"Glimpse": ours.round, "scikit-learn": lambda: fit(x)})
        rounds.row("PCA, 2 components", "scikit-learn", threads, times["Glimpse"], times["scikit-learn"],
                   reach=1.0, difference="5e-12 relative")
    rounds.memory("PCA, 2 components", "scikit-learn", ours_bytes, theirs_bytes)

Rows are printed as lines for people. Where the environment variable PEERS_ROWS names a file they are also
appended to it, one JSON object a line, from which all.py makes its table.
"""

import argparse
import importlib
import json
import os
import statistics
import subprocess
import sys
import time

OURS = "Glimpse"
REST = 0.1  # seconds between two programs' turns


def arguments(doc, rounds=20, threads=(1, 2), more=None, bench=True):
    """The flags that the comparisons share, parsed. more(parser) adds others; without bench, --bench is not one."""
    ap = argparse.ArgumentParser(description=doc, formatter_class=argparse.RawDescriptionHelpFormatter)
    if bench:
        ap.add_argument("--bench", required=True, help="the built testdata/peers/bench (go build -o BENCH ./testdata/peers/bench)")
    ap.add_argument("--rounds", type=int, default=rounds)
    ap.add_argument("--threads", type=lambda s: [int(v) for v in s.split(",")], default=list(threads), help="as 1,2")
    if more:
        more(ap)
    return ap.parse_args()


def peer(module):
    """The module, or None after a line that says what is missing."""
    try:
        return importlib.import_module(module)
    except ImportError as e:
        print(f"{module}: not here, so not compared ({e})", flush=True)
        return None


def environment(threads, **more):
    """The environment in which a program of either side uses so many threads."""
    n = str(threads)
    return {**os.environ, "GOMAXPROCS": n, "OMP_NUM_THREADS": n, "OPENBLAS_NUM_THREADS": n, "MKL_NUM_THREADS": n, **more}


class Bench:
    """Glimpse's side: a process that is ready before the first round and does the work once a round."""

    def __init__(self, program, threads, *args):
        self.process = subprocess.Popen([program, *map(str, args)], text=True, stdin=subprocess.PIPE,
                                        stdout=subprocess.PIPE, env=environment(threads))
        line = self.process.stdout.readline().strip()
        if line != "ready":
            raise RuntimeError(f"{program} {args[0]}: it said {line!r}, not ready")

    def round(self):
        """Do the work once; the seconds that it took."""
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        return float(self.process.stdout.readline()) / 1e9

    def close(self):
        self.process.stdin.close()
        if self.process.wait() != 0:
            raise RuntimeError(f"{self.process.args[:2]}: exit status {self.process.returncode}")

    def __enter__(self):
        return self

    def __exit__(self, kind, *_):
        if kind:
            self.process.kill()
            self.process.wait()
        else:
            self.close()


def turns(n, works, warm=1):
    """Run each of works, {name: function}, in turn n times, after warm rounds that do not count.

    A function that returns a number has measured its seconds itself; others are timed here. Before each, the
    threads of the program whose turn it was have time to stop spinning: OpenBLAS's and onnxruntime's wait for
    more work with a core each. Returns {name: seconds of each round}.
    """
    times = {name: [] for name in works}
    for i in range(n + warm):
        for name, work in works.items():
            time.sleep(REST)
            began = time.perf_counter()
            took = work()
            if not isinstance(took, float):
                took = time.perf_counter() - began
            if i >= warm:
                times[name].append(took)
    return times


def process(command, threads, stdin=None, **more):
    """Run a program from start to end: its seconds, its peak memory in bytes, and what it printed.

    The peak is the largest resident set (ru_maxrss) of the process itself, from a small starter of
    its own: a child of a large process would begin with its parent's peak.
    """
    starter = ("import os, resource, subprocess, sys, time\n"
               "began = time.perf_counter()\n"
               "p = subprocess.Popen(sys.argv[1:])\n"
               "_, status, usage = os.wait4(p.pid, 0)\n"
               "print(time.perf_counter() - began, usage.ru_maxrss * (1 if sys.platform == 'darwin' else 1024), file=sys.stderr)\n"
               "sys.exit(os.waitstatus_to_exitcode(status))\n")
    done = subprocess.run([sys.executable, "-S", "-E", "-c", starter, *map(str, command)], env=environment(threads, **more),
                          input=stdin, text=True, capture_output=True)
    if done.returncode != 0:
        raise RuntimeError(f"{' '.join(map(str, command))}: exit status {done.returncode}\n{done.stderr}")
    seconds, peak = done.stderr.strip().splitlines()[-1].split()
    return float(seconds), int(peak), done.stdout


def row(work, name, threads, ours, theirs, reach, difference=""):
    """Report one comparison: seconds of each round of ours and of the peer called name. A reach of None: none is asked for."""
    a, b = min(ours), min(theirs)
    c, d = statistics.median(ours), statistics.median(theirs)
    print(f"{work}, {threads} thread(s): {OURS} {seconds(a)} (median {seconds(c)}), {name} {seconds(b)} ({seconds(d)}), "
          f"ratio {a / b:.2f} ({c / d:.2f})" + (f", to reach {reach}" if reach else "") + (f"; {difference}" if difference else ""), flush=True)
    keep({"table": "time", "work": work, "peer": name, "threads": threads, "ours": a, "theirs": b, "ratio": a / b,
          "medians": c / d, "difference": difference, "reach": reach, "rounds": len(ours)})


def memory(work, name, ours, theirs, reach=0.5):
    """Report the peak memory of both whole processes, in bytes."""
    print(f"{work}, peak memory: {OURS} {ours / 2**20:.0f} MiB, {name} {theirs / 2**20:.0f} MiB, ratio {ours / theirs:.2f}, "
          f"to reach {reach}", flush=True)
    keep({"table": "memory", "work": work, "peer": name, "ours": ours, "theirs": theirs, "ratio": ours / theirs, "reach": reach})


def keep(record):
    path = os.environ.get("PEERS_ROWS")
    if path:
        with open(path, "a") as f:
            f.write(json.dumps(record) + "\n")


def seconds(s):
    """A time for people."""
    return f"{s:.2f} s" if s >= 1 else f"{1e3 * s:.2f} ms" if s >= 1e-3 else f"{1e6 * s:.1f} us"
