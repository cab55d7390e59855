"""Celery as a contestant: a worker with two processes on a Redis of the bench's own. Needs Debian's python3-celery, python3-redis."""
import ctypes
import json
import os
import signal
import subprocess
import sys
import time

try:
    import redis  # noqa: F401
    from celery import Celery, chain, chord, group
except ImportError:
    print(json.dumps({"missing": "apt-get install python3-celery python3-redis redis-server"}), flush=True)
    sys.exit(0)

PORT = os.environ.get("LF_BENCH_REDIS_PORT", sys.argv[1] if len(sys.argv) > 1 else "6379")
URL = f"redis://127.0.0.1:{PORT}/0"
app = Celery("celery_process", broker=URL, backend=URL)
app.conf.worker_prefetch_multiplier = 32
app.conf.result_expires = 60


@app.task
def nothing(*_):
    return None


def play(scenario, tasks):
    if scenario == "chain":
        chain(*[nothing.si() for _ in range(tasks)])().get()
    elif scenario == "fan":
        chord([nothing.si() for _ in range(tasks - 2)])(nothing.si()).get()
    else:
        group(nothing.si() for _ in range(tasks))().get()


PR_SET_PDEATHSIG = 1


def end_with_parent():
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)


def main():
    environment = {**os.environ, "LF_BENCH_REDIS_PORT": PORT}
    command = [sys.executable, "-m", "celery", "-A", "celery_process", "worker", "--concurrency", "2", "--without-gossip",
               "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    folder = os.path.dirname(os.path.abspath(__file__))
    worker = subprocess.Popen(command, cwd=folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
                              preexec_fn=end_with_parent)
    try:
        nothing.delay().get(timeout=30)
        print(json.dumps({"ready": True}), flush=True)
        for line in sys.stdin:
            scenario, tasks = line.split()
            started = time.perf_counter()
            try:
                play(scenario, int(tasks))
                print(json.dumps({"ms": (time.perf_counter() - started) * 1000}), flush=True)
            except Exception as error:  # the bench shows it
                print(json.dumps({"error": repr(error)}), flush=True)
    finally:
        worker.terminate()
        worker.wait(timeout=10)


if __name__ == "__main__":
    main()
